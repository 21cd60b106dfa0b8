"""Renders chat templates with Jinja2 as transformers does, for templates_test.go.

    python3 render.py FOLDER/models/templates > templates.json

FOLDER is a llama.cpp source tree. The templates are other people's and are not
kept here, only the renderings of the conversations below.
"""
import datetime
import hashlib
import json
import pathlib
import sys

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime.datetime(2026, 3, 7, 9, 5, 2, tzinfo=datetime.timezone.utc)

CONVERSATIONS = {
    "one": [{"role": "user", "content": "Which moon of Saturn is the largest?"}],
    "turns": [
        {"role": "system", "content": "  You are a harbour pilot.\n\n"},
        {"role": "user", "content": "\tHow deep is the fairway? \n"},
        {"role": "assistant", "content": "\n Eleven metres at low water.  "},
        {"role": "user", "content": "  And   at high water?\n\n\n"},
    ],
    "unicode": [
        {"role": "user", "content": "Übersetze „Zug“ → 日本語 🚆\u2028\u00a0naïve \x0b"},
        {"role": "assistant", "content": "列車 (れっしゃ)\r\n'quoted' \"twice\" \\n <b>&amp;</b>"},
        {"role": "user", "content": "{{ bos_token }} {% if x %}<|im_end|></s>[INST]\n{\"a\": [1, 2.5, null]}"},
    ],
    "thinking": [
        {"role": "system", "content": "Be terse. /no_think"},
        {"role": "user", "content": "2+2?"},
        {"role": "assistant", "content": "<think>\nTwo and two.\n</think>\n\nFour."},
        {"role": "user", "content": "And minus one?"},
        {"role": "assistant", "content": "<think>four less one</think>Three."},
        {"role": "user", "content": ""},
    ],
}


class Generation(jinja2.ext.Extension):
    """transformers' {% generation %}, which marks text and prints nothing."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return jinja2.nodes.Scope(body).set_lineno(line)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


env = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols, Generation]
)
env.filters["tojson"] = tojson
env.globals["raise_exception"] = raise_exception
env.globals["strftime_now"] = NOW.strftime


def render(source, messages, add):
    try:
        return {"text": env.from_string(source).render(
            messages=messages, add_generation_prompt=add, bos_token="<BOS>", eos_token="<EOS>", tools=None, documents=None
        )}
    except Exception as e:
        return {"error": str(e), "raised": type(e) is jinja2.exceptions.TemplateError}


out = {"jinja2": jinja2.__version__, "now": NOW.isoformat(), "bos": "<BOS>", "eos": "<EOS>", "conversations": CONVERSATIONS, "templates": []}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.jinja")):
    data = path.read_bytes()
    source = data.decode()
    cases = [
        {"conversation": name, "add_generation_prompt": add, **render(source, messages, add)}
        for name, messages in CONVERSATIONS.items()
        for add in (True, False)
    ]
    out["templates"].append({"name": path.name, "sha256": hashlib.sha256(data).hexdigest(), "cases": cases})
json.dump(out, sys.stdout, ensure_ascii=False, indent=1)
print()
