"""Hostile expressions, made by a grammar: what `--expect` and others take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from .. import valid
from ..attempts import Attempt, Limits
from ..kinds import Makers
from ..mutations import CONTROLS

KINDS = Makers()

#: Writes one expression.
Grammar = Callable[[Random], str]


def _kind(name: str, *, refusal: bool | None = None) -> Callable[[Grammar], Grammar]:
    def add(grammar: Grammar) -> Grammar:
        def make(rng: Random, folder: Path) -> Attempt:
            (folder / "table.csv").write_text(valid.text(valid.table(rng)))
            # An argument of a program holds no null byte.
            expect = f"mine={grammar(rng)}".replace("\0", "")
            return _attempt(rng, expect, refusal)

        KINDS.add(name, make)
        return grammar

    return add


def _attempt(rng: Random, expect: str, refusal: bool | None) -> Attempt:
    limits = Limits(6)
    match rng.randrange(10):
        case 0:
            arguments = ("report", "table.csv", "--expect", expect, "--out", "out")
            return Attempt(arguments, refusal, makes=("out",), limits=Limits(20))
        case 1:
            at = ("--at", "n=99", "--at", "d=9")
            return Attempt(
                ("predict", "table.csv", *at, "--expect", expect), refusal, limits=limits
            )
        case 2 if refusal and expect.startswith("mine="):
            run = (*valid.RUN, "--expect", expect.replace("mine=", "dense=", 1), "--out", "out")
            return Attempt(run, refusal, limits=limits)
    return Attempt(("fit", "table.csv", "--expect", expect), refusal, limits=limits)


def valid_expression(rng: Random, depth: int = 3) -> str:
    """Write an expression that is valid but for what it may mean."""
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(("n", "d", "n", "2", "0.5", "3e2", "log(n)", "n**2", "d**0.5"))
    inner = [valid_expression(rng, depth - 1) for _ in range(2)]
    return rng.choice(
        (
            f"{inner[0]} + {inner[1]}",
            f"{inner[0]}*{inner[1]}",
            f"({inner[0]})*({inner[1]})",
            f"({inner[0]})/({inner[1]})",
            f"({inner[0]})**{rng.choice((2, 3, '0.5', '(1/3)', -1))}",
            f"{inner[0]} - {inner[1]}",
        )
    )


_kind("as a reader would write it")(valid_expression)


@_kind("a character changed")
def _(rng: Random) -> str:
    text = list(valid_expression(rng, 4))
    for _ in range(rng.randint(1, 3)):
        text[rng.randrange(len(text))] = rng.choice("()*+-/^.,=!@#$%&|~<>?:;'\"\\ 0nq_²·×−")
    return "".join(text)


@_kind("words in any order")
def _(rng: Random) -> str:
    words = ("n", "d", "**", "*", "+", "(", ")", "log", "9", "1e9", "/", "-", "^", " ", "lambda")
    return "".join(rng.choice(words) for _ in range(rng.randint(1, 40)))


@_kind("nested powers of numbers", refusal=True)
def _(rng: Random) -> str:
    power = rng.choice(("**", "^"))
    if rng.random() < 0.5:
        return power.join(str(rng.choice((9, 10, 7))) for _ in range(rng.randint(3, 30)))
    text, times = "10", rng.randint(4, 60)
    for _ in range(times):
        text = f"({text}{power}10)"
    return text


@_kind("nested powers of sizes")
def _(rng: Random) -> str:
    text = "n"
    for _ in range(rng.randint(2, 60)):
        text = f"({text})**{rng.choice((2, 10, '0.1', -10))}"
    return text


@_kind("a size in an exponent", refusal=True)
def _(rng: Random) -> str:
    return rng.choice(("n**n", "2**n", "n**d", "n**(1+d)", "d**log(n)", "n**n**n", "n*2**(d/2)"))


@_kind("huge digits")
def _(rng: Random) -> str:
    digits = rng.choice(("9" * 499, "9" * 300, "1" + "0" * 480, "0." + "0" * 490 + "1", "7" * 9999))
    return rng.choice((digits, f"{digits}*n", f"n**{digits}", f"n/{digits}", f"n*{digits}e5"))


@_kind("numbers beyond a float")
def _(rng: Random) -> str:
    number = rng.choice(("1e308*1e308", "1e400", "1e-400", "1e-320", "1e308", "0e0", "1e9*1e9*1e9"))
    return rng.choice((f"{number}*n", number, f"n**({number})", f"n/({number})", f"n + {number}"))


@_kind("deep parentheses")
def _(rng: Random) -> str:
    deep = rng.choice((10, 90, 240, 5_000, 100_000))
    return "(" * deep + "n" + ")" * rng.choice((deep, deep, deep - 1))


@_kind("long chains")
def _(rng: Random) -> str:
    part = rng.choice(("-", "+", "n+", "n*", "n/", "n-", "~", "not ", "log(", "2**", "n**"))
    return part * rng.choice((50, 120, 240, 10_000)) + "n"


@_kind("products that grow when multiplied out")
def _(rng: Random) -> str:
    factor = rng.choice(("(n+d)", "(n+d+1)", "(1+n*d+log(n)+d**2)", "(n+1)*(d+1)"))
    power = rng.choice((3, 10))
    return "*".join(f"({factor}**{power})" for _ in range(rng.randint(2, 20)))[:490].rpartition(
        "*("
    )[0]


@_kind("unknown names", refusal=True)
def _(rng: Random) -> str:
    name = rng.choice(("q", "x", "mine", "value", "E", "I", "pi", "oo", "zoo", "nan", "inf", "S"))
    long = rng.choice((name, name * 90, "seq_len", "batch", "layer", "None", "__name__", "n1"))
    return rng.choice((long, f"n*{long}", f"{long}**2", f"log({long})"))


@_kind("look-alikes")
def _(rng: Random) -> str:
    letters = ("п", "ｎ", "𝐧", "ո", "n\u0301", "n\u200b", "n\u202e", "ｄ", "𝒹", "ⅾ", "ñ", "N")
    letter = rng.choice(letters)
    signs = (f"{letter}*d", f"n∗{letter}", f"{letter}²", "n²", "n·d", "n×d", "n÷d", "n−d", "n＊d")
    return rng.choice((*signs, "√n", "∞", "２*n", "n*²", "log２(n)", "lоg(n)", "n\u00a0*d", "(n）"))


@_kind("attributes", refusal=True)
def _(rng: Random) -> str:
    names = (
        "__class__",
        "real",
        "is_number",
        "subs(n,1)",
        "__class__.__mro__[1]",
        "func",
        "diff()",
    )
    return rng.choice(("n.{}", "(n*d).{}", "log.{}", "(2).{}", "n.d.{}")).format(rng.choice(names))


@_kind("calls", refusal=True)
def _(rng: Random) -> str:
    return rng.choice(
        (
            *("__import__('os').mkdir('made')", "open('made','w')", "exec('1')", "eval('n')"),
            *("n(d)", "log()", "log(n,d,n)", "exp(n)", "Symbol('n')", "Integral(n)", "f(n)(d)"),
            *("(lambda: n)()", "log(n)(d)", "factorial(9**9)", "Rational(1,0)", "print(n)"),
            *("log(*n)", "log(**n)", "log(x=n)", "gamma(n)", "sin(n)", "zeta(n)", "type(n)"),
        )
    )


@_kind("other syntax of Python", refusal=True)
def _(rng: Random) -> str:
    return rng.choice(
        (
            *("n if n else d", "[n]", "{n}", "(n, d)", "n[0]", "n[d:]", "'n'", "f'{n}'", "b'n'"),
            *("n and d", "not n", "n < d", "n == d", "n := 1", "(n := d)", "lambda n: n", "*n"),
            *("[n for n in d]", "{n: d}", "n; d", "import os", "n = d", "yield n", "await n"),
            *("1j*n", "True*n", "None", "...", "n @ d", "n % d", "n // d", "n | d", "n << d", "~n"),
            *("n # d\n)", "n\\\n", "n\n+d\n", "n,", "0777*n", "1_0*n*q", "n..d", "0x*n", "1n"),
        )
    )


@_kind("empty", refusal=True)
def _(rng: Random) -> str:
    return rng.choice(("", " ", "()", "(())", "#", "# n", "\t", "\n", "''", "+", "=", "=n", "n=d"))


@_kind("divisions by zero", refusal=True)
def _(rng: Random) -> str:
    zero = rng.choice(("0", "0.0", "(1-1)", "(n-n)", "(d-d)", "log(1)", "(0*n)", "0**2"))
    return rng.choice(("1/{}", "n/{}", "n*d/{}", "{}**-1", "n*{}**(-2)", "n + 1/{}")).format(zero)


@_kind("logarithms of what has none", refusal=True)
def _(rng: Random) -> str:
    inner = rng.choice(("-1", "0", "-n", "0*n", "n-n", "-2*d", "1-1", "0.0", "-1/2"))
    return rng.choice(("log({})*n", "log({})", "n*d*log({})", "n + log({})")).format(inner)


@_kind("terms that are not positive", refusal=True)
def _(rng: Random) -> str:
    return rng.choice(("-n", "n - d*n", "-1*n*d", "0*n", "n - n", "d - 2*d", "-log(n)", "0", "-1"))


@_kind("other powers")
def _(rng: Random) -> str:
    power = rng.choice(("0.3333", "(1/3)", "-2", "(-1/2)", "0", "10", "11", "1e-9", "(2/0)", "1e1"))
    return rng.choice(("n**{}", "n*d**{}", "log(n)**{}", "(n*d)**{}", "(n+d)**{}")).format(power)


@_kind("other logarithms and functions")
def _(rng: Random) -> str:
    inner = valid_expression(rng, 1)
    name = rng.choice(("log", "sqrt", "ceil", "floor", "ceiling", "log2", "ln", "abs", "exp"))
    second = rng.choice(("min", "max", "Max"))
    return rng.choice((f"{name}({inner})*n", f"n*log(log({inner}))", f"{second}(n,{inner})"))


@_kind("long")
def _(rng: Random) -> str:
    part = rng.choice(("n*d + ", "1.0000001*n + ", "n*log(n)**3 + ", "n**1.0001*d**0.9 + "))
    return part * rng.choice((20, 30, 3_000, 200_000 // len(part))) + "n"


@_kind("control characters")
def _(rng: Random) -> str:
    return rng.choice(("n{}*d", "{}n", "n*d{}", "q{}", "log{}(n)")).format(rng.choice(CONTROLS))


@KINDS("the form LAYER=EXPR")
def _form(rng: Random, folder: Path) -> Attempt:
    (folder / "table.csv").write_text(valid.text(valid.table(rng)))
    expect = rng.choice(
        ("n*d", "=n*d", "mine", "mine=", "==n", " =n", "other=n*d", "mine:n*d", "mi ne=n", "\x1b=n")
    )
    return _attempt(rng, expect, refusal=True)
