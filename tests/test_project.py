"""What holds the project together: its packages, what the texts refer to, one set of pins."""

import doctest
import importlib
import importlib.util
import json
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import layerlaw
import pytest
from layerlaw.analysis import to_json

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

#: Packages in the order in which they import one another, the last what all others need.
ORDER = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]

TABLE = "layer,device,mode,metric,n,d,value\n" + "".join(
    f"mine,cpu,forward,seconds,{n},{d},{n * d * d * 1e-9}\n"
    for n in (16, 32, 64, 128, 256)
    for d in (8, 16, 32)
)


@pytest.mark.parametrize(
    "code",
    [
        "import layerlaw; layerlaw.fit",
        "import layerlaw.reports",
        "import layerlaw.measure",
        "import layerlaw.studies.claims",
        "command('--help')",
        "command('fit', 'mine.csv', '--expect', 'mine=n*d**2', '--json', 'laws.json')",
    ],
)
def test_torch_is_not_loaded_before_it_is_needed(tmp_path, code):
    (tmp_path / "mine.csv").write_text(TABLE)
    lines = [
        "import sys",
        "from importlib.metadata import entry_points",
        "def command(*arguments):",
        "    sys.argv[1:] = arguments",
        "    entry_points(group='console_scripts')['layerlaw'].load()()",
        "try:",
        f"    {code}",
        "except SystemExit as end:",
        "    assert not end.code, end.code",
        "print('loaded', 'torch' in sys.modules)",
    ]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "loaded False"


def test_public_names():
    assert {"fit", "layers", "sweep", "__version__"} <= set(dir(layerlaw))
    assert callable(layerlaw.fit)
    assert callable(layerlaw.sweep)
    assert "attention" in layerlaw.layers.names()
    with pytest.raises(AttributeError, match="no attribute 'swep'"):
        _ = layerlaw.swep


def test_version():
    assert layerlaw.__version__ == version("layerlaw") == PROJECT["project"]["version"]
    assert f"## [{layerlaw.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_package_is_declared_and_there():
    declared = PROJECT["tool"]["setuptools"]
    folders = declared["package-dir"]
    there = {
        ".".join(["layerlaw", *path.parent.relative_to(ROOT).parts])
        for top in ORDER
        for path in (ROOT / top).rglob("__init__.py")
    }
    assert {"layerlaw", *there} == set(declared["packages"])
    assert folders == {"layerlaw": "api", **{f"layerlaw.{top}": top for top in ORDER}}
    for package in declared["packages"]:
        assert importlib.util.find_spec(package), package


def test_every_room_has_a_face_that_import_linter_holds():
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    held = {name for one in contracts for name in one.get("protected_modules", [])}
    rooms = {*PROJECT["tool"]["setuptools"]["packages"]}
    assert held == {
        f"{room}.*" for room in rooms - {"layerlaw", "layerlaw.cli", "layerlaw.studies"}
    }


def test_no_folder_shadows_the_installed_package():
    assert not (ROOT / "layerlaw").exists()
    assert not (ROOT / "layerlaw.py").exists()


MODULES = sorted(
    found.name
    for top in (f"layerlaw.{package}" for package in ORDER)
    for found in pkgutil.walk_packages(importlib.import_module(top).__path__, f"{top}.")
)


# By the name they are imported under: from their files they would be loaded a second time.
@pytest.mark.parametrize("module", ["layerlaw", *MODULES])
def test_examples_in_docstrings(module):
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def readme_command(environment):
    found = re.findall(rf"^python3 .* run -e {environment}$", README, re.MULTILINE)
    assert len(found) == 1, f"the README should give one command for {environment}: {found}"
    return found[0]


def test_ci_runs_the_readmes_commands():
    report, tests = readme_command("report"), readme_command("tests")
    assert report.replace("report", "tests") == tests
    # Both take the line out of the README; this is what they look for.
    looked_for = r"grep -E '^python3 .* run -e tests$' README.md"
    assert looked_for in (ROOT / ".ci/run").read_text()
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    assert looked_for in workflow
    assert looked_for.replace("tests", "report") in workflow
    setup = tests.removesuffix("-e tests")
    assert f"{setup}-e wheel" in workflow
    tox_again = "PYTHONPATH=.tox-bin python3 -m tox run -e lint,types,imports,docs"
    assert tox_again in (ROOT / ".ci/run").read_text()
    assert setup.endswith(tox_again.removesuffix("-e lint,types,imports,docs"))


def test_ci_can_be_run():
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert subprocess.run(["bash", "-n", ROOT / ".ci/run"]).returncode == 0


def links(path):
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.S | re.M)
    return re.findall(r"\]\(([^)\s]+)\)", text)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_and_images_are_there(path):
    for link in links(path):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        there = path.parent / target if target else path
        assert there.exists(), f"{path.name} refers to {link}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings}
            assert anchor in slugs, f"{path.name} refers to {link}"


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 120


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_files_of_code_that_texts_name_are_there(path):
    """A path such as `measure/workers/worker.py`, from the root; of folders `measure/workers/`."""
    packages = "|".join([*ORDER, "api", "tests", "benchmarks"])
    text = path.read_text(encoding="utf-8")
    for named in re.findall(rf"`((?:{packages})/[\w./]*)`", text):
        written_by_a_run = named == "reports/latest/"
        assert written_by_a_run or (ROOT / named).exists(), f"{path.name} names {named}"
    for name, named in re.findall(rf"`(\w+)` in\s`((?:{packages})/[\w/]*\.py)`", text):
        assert name in (ROOT / named).read_text(encoding="utf-8"), f"{path.name}: {name}"


def test_every_folder_has_a_line_in_the_tree():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawn, above = set(), []
    for indent, name in re.findall(r"^( *)(\w+) {3,}\S", text, re.MULTILINE):
        above = [*above[: len(indent) // 2], name]
        drawn.add("/".join(above))
    there = {
        path.parent.relative_to(ROOT).as_posix()
        for top in ORDER
        for path in (ROOT / top).rglob("__init__.py")
    }
    assert there <= drawn


def pins():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    for line in lines:
        assert re.fullmatch(r"[a-z0-9.-]+==[0-9][0-9a-z.]*", line), line
    return dict(line.split("==") for line in lines)


def asked_for():
    project = PROJECT["project"]
    asked = [*project["dependencies"], *PROJECT["build-system"]["requires"]]
    for extra in project["optional-dependencies"].values():
        asked += extra
    return {re.match(r"[\w.-]+", requirement)[0].lower() for requirement in asked}


def test_everything_asked_for_is_pinned():
    assert asked_for() <= set(pins())


def test_everything_asked_for_has_its_reason():
    page = (ROOT / "docs/packages.md").read_text(encoding="utf-8").lower()
    told = {name for cell in re.findall(r"^\| ([^|]+) \|", page, re.M) for name in cell.split(", ")}
    assert asked_for() <= told


def test_hooks_use_the_pinned_versions():
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    for tool in ("ruff", "codespell"):
        assert set(re.findall(rf"\b{tool}==([\w.]+)", text)) == {pins()[tool]}


def test_asv_measures_with_the_pinned_torch():
    text = (ROOT / "asv.conf.json").read_text(encoding="utf-8")
    assert re.search(r'"torch": \["([\d.]+)"\]', text)[1] == pins()["torch"]


def shape(value):
    """Give the fields of a JSON document without its values; of a list, each kind once."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        shapes = [shape(inner) for inner in value]
        return [each for at, each in enumerate(shapes) if each not in shapes[:at]]
    return None


def test_the_json_of_the_page_about_tables_has_the_fields_of_a_real_one(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(TABLE)
    real = to_json(layerlaw.fit(path, {"mine": "n*d**2"}))
    page = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    shown = re.search(r"^```json\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[1]
    assert shape(json.loads(shown)) == shape(real)
