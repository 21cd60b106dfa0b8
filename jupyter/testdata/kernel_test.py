"""Jupyter's own kernel test suite (jupyter_kernel_test) on the installed kernel.

    pip install -r requirements.txt
    loupe jupyter install --prefix "$VIRTUAL_ENV"
    python kernel_test.py

A sample is given for every test of the suite, so none is skipped.
"""

import unittest

import jupyter_kernel_test

KERNEL = "loupe"


class LoupeTests(jupyter_kernel_test.KernelTests):
    kernel_name = KERNEL
    language_name = "go"
    file_extension = ".go"

    code_hello_world = 'fmt.Println("hello, world")'
    code_stderr = 'fmt.Fprintln(os.Stderr, "test")'

    completion_samples = [
        {"text": "fmt.Printl", "matches": {"Println"}},
        {"text": "strings.TrimS", "matches": {"TrimSpace", "TrimSuffix"}},
        {"text": "m.NewS", "matches": {"NewSession"}},
    ]

    complete_code_samples = ["x := 1", "func f() int {\n\treturn 1\n}", "%who", "?fmt", 'import "fmt"\nfmt.Println(1)', ""]
    incomplete_code_samples = ["func f() {", "x := 1 +", "fmt.Println(", "s := `a", "for i := range 3 {\n"]
    invalid_code_samples = ["x := )", "func f(] {}", "if { }", "1 2", "import fmt"]

    code_page_something = "?fmt.Println"
    code_generate_error = 'panic("no")'

    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": '"a" + "b"', "result": '"ab"'},
        {"code": "[]int{1, 2, 3}", "result": "[1 2 3]"},
    ]
    code_display_data = [
        {"code": 'type Page struct{}\n'
                 'func (Page) Display() map[string]string { return map[string]string{"text/plain": "p", "text/html": "<b>p</b>"} }\n'
                 'nb.Show(Page{})', "mime": "text/html"},
        {"code": "nb.Show(1)", "mime": "text/plain"},
    ]

    supported_history_operations = ("tail", "range", "search")
    code_history_pattern = "6 ? 7"
    code_inspect_sample = "fmt.Println"
    code_clear_output = r'fmt.Print("\x1b[H\x1b[2J")'


class LoupeWelcomeTests(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = KERNEL
    support_iopub_welcome = True


if __name__ == "__main__":
    unittest.main(verbosity=2)
