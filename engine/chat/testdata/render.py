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

# Small templates of our own, on the conversation "turns".
SMALL = r"""
  {% if true %}a{% endif %}  b
  {%+ if true +%} a {%- endif %} b {# c #} d {#- e -#} f
{{ eos_token }} {%- if true -%} a {%- endif -%} {{ eos_token }}
{{ ' a' }}{%- if true %} b{% endif %}
a {% raw %} {{ eos_token }} {%- y %} {% endraw %} b
{% for i in [1, 2] %}[{{ y }}]{% set y = i %}{{ y }}{% endfor %}{{ y }}
{% set y = 9 %}{% for i in [1, 2] %}[{{ y }}]{% set y = i %}{{ y }}{% endfor %}{{ y }}
{% for i in [1, 2] %}{% if i == 1 %}{% set y = i %}{% endif %}[{{ y is defined }}]{% endfor %}
{% set n = namespace(y=0) %}{% for i in [1, 2] %}{% set n.y = n.y + i %}{% endfor %}{{ n.y }}
{% macro f(a, b=2) %}<{{ a }}{{ b }}{{ c }}>{% endmacro %}{% set c = 3 %}{{ f(1) }}{{ f(b=5, a=4) }}
{% macro f() %}({{ caller() }}){% endmacro %}{% call f() %}in{% endcall %}
{% set b | upper | trim %} x{% set y = 3 %}{{ y }} {% endset %}{{ b }}{{ y }}
{% filter upper %}a{{ eos_token }}{% endfilter %}b
{% generation %}{% set y = 4 %}a{% endgeneration %}{{ y }}
{% for k, v in messages[0].items() if k != 'content' %}{{ k ~ '=' ~ v ~ loop.index ~ loop.last }}{% endfor %}
{% for m in messages if m.role == 'user' %}{{ loop.index0 }}{{ loop.previtem is defined }}{% else %}none{% endfor %}
{% for m in messages %}{% if loop.first %}{% continue %}{% endif %}{{ m.role }}{% if loop.index == 3 %}{% break %}{% endif %}{% endfor %}
{{ none }} {{ true }} {{ 1.0 }} {{ 1e20 }} {{ 0.00001 }} {{ [1, 'a', "it's", none] }} {{ {'a': {'b': 1}} }} {{ y }}|
{{ 'a' 'b' "c\n\t\x41\u00e9\q" }} {{ 'a' ~ 1 ~ none ~ 2.5 ~ y }} {{ 'ab' * 3 }} {{ 7 // 2 }} {{ 7 % 4 }}
{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a-b-c'.split('-', 1)[1] }} {{ 'xxaxx'.strip('x') }} {{ '  a '.lstrip() }}|
{{ 'abc'.startswith(('x', 'ab')) }} {{ 'abc'.endswith('c') }} {{ 'aaa'.replace('a', 'b', 2) }} {{ 'é1'.upper() }} {{ 'abc'.find('c') }}
{{ '{} {} {name}'.format(1, 'b', name=none) }} {{ '-'.join(['a', 'b']) }} {{ 'a\nb'.splitlines() }} {{ '12'.isdigit() }}
{{ messages | map(attribute='role') | join(', ') }} {{ ['a', 'B'] | map('upper') | list }} {{ ['b', 'A', 'c'] | sort }}
{{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ messages | rejectattr('nope') | list | length }} {{ [0, 1] | select | list }}
{{ y | default('d') }} {{ '' | default('d') }} {{ '' | default('d', true) }} {{ none | default('d', boolean=true) }}
{{ messages[0] | tojson }} {{ {'b': [1, {}], 'a': '<é>\n'} | tojson(indent=2) }} {{ [] | tojson(indent=2) }}
{{ 'a\n\nb' | indent(2) }} {{ 'a\nb' | indent(2, true) }} {{ 'abc' | first }}{{ 'abc' | last }}{{ 'abc' | length }} {{ {'B': 1, 'a': 2} | dictsort | length }}
{{ messages[0]['role'] }} {{ messages[-1].role }} {{ messages[9] is defined }} {{ messages[1:3] | length }} {{ 'abcdef'[::-1] }} {{ 'abc'[-2:] }}
{{ eos_token is string and eos_token is sequence }} {{ messages is mapping }} {{ 1 is in [1, 2] }} {{ 'a' ~ y is defined }} {{ not y is defined }} {{ none is none }} {{ 3 is odd }}
{{ 'a' if y else 'b' }} {{ ('a' if y) is defined }} {{ (y or 'z') + 'k' | upper }} {{ 1 + 2 * 3 }} {{ -3 + 1 }} {{ 4 / 2 }}
{{ messages[0].get('zz') }} {{ messages[0].get('zz', 'd') }} {{ 'role' in messages[0] }} {{ 'zz' not in messages[0] }} {{ messages[0].keys() | list }}
{{ strftime_now('%d %B %Y %H:%M:%S %y %j %a %%') }} {{ tools is none }} {{ tools is defined }} {{ documents }}
{{ y.z }}
{{ y + 'a' }}
{{ messages.append(1) }}
{% for a in none %}{% endfor %}
{% for a, b in [[1, 2, 3]] %}{% endfor %}
{{ raise_exception('no ' ~ eos_token) }}
{{ range(200000) | length }}
{{ eos_token.nope() }}
{{ eos_token | nope }}
{% for i in range(3, 0, -1) %}{{ i }}{{ loop.cycle('a', 'b') }}{% endfor %}{{ range(2) | list }}
""".strip("\n").split("\n")


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


out = {"jinja2": jinja2.__version__, "now": NOW.isoformat(), "bos": "<BOS>", "eos": "<EOS>", "conversations": CONVERSATIONS, "small": [], "templates": []}
for source in SMALL:
    out["small"].append({"source": source, **render(source, CONVERSATIONS["turns"], True)})
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
