"""The pictures of docs/performance.md: SVG, the same for the same results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.figures import Measurement
from tests.benchmarks.tables import OURS, RIVALS, Measured, figures_of

COLOURS: Final = {OURS: "#0b6e4f", "before": "#8fc1a9", "entr": "#c8553d", "chokidar": "#e0a458"}


def draw(measured: Measured, folder: Path) -> list[str]:
    """Draw what there are results for; the files' names."""
    import matplotlib as mpl  # noqa: PLC0415  (of the extra `bench`: who only measures needs no plots)

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": OURS, "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    from matplotlib import pyplot as plt  # noqa: PLC0415  (after the choice of what it draws on)

    drawn = []
    for name, plot in PLOTS.items():
        figure = plt.figure(figsize=(8, 3.2), layout="constrained")
        if plot(measured, figure):
            folder.mkdir(parents=True, exist_ok=True)
            # Without the date the same picture is the same file.
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
            drawn.append(f"{name}.svg")
        plt.close(figure)
    return drawn


def saves(measured: Measured, figure: Any) -> bool:
    """Save to request for each round trip, everybody, by the size of the project."""
    found = measured.of("save", "save to request")
    trips = list(dict.fromkeys(one.conditions["round trip"] for one in found))
    for index, trip in enumerate(trips):
        axes = figure.add_subplot(1, len(trips), index + 1)
        _bars(measured, axes, found, along="connectors", fixed={"round trip": trip})
        axes.set_title(f"save to request, round trip {trip} ms")
    return _with_legend(figure)


def switches(measured: Measured, figure: Any) -> bool:
    """Switch to settled, everybody, by the round trip."""
    found = measured.of("switch", "switch to settled")
    if found:
        _bars(measured, figure.add_subplot(), found, along="round trip", fixed={})
    return _with_legend(figure)


def spread(measured: Measured, figure: Any) -> bool:
    """How the times of ours are distributed: the part of the saves that was quicker than so many milliseconds."""
    axes = figure.add_subplot()
    found = [one for one in measured.of("save", "save to request") if one.who == OURS]
    for one in found:
        ordered = sorted(one.values)
        share = [(index + 1) / len(ordered) for index in range(len(ordered))]
        label = f"{one.conditions['connectors']} connectors, {one.conditions['round trip']} ms"
        axes.step(ordered, share, where="post", label=label)
    axes.set(xlabel="save to request, ms", ylabel="part of the saves", title="Every save of connectord")
    if found:
        axes.set_xlim(left=0)
        axes.legend(fontsize=7, frameon=False)
    return bool(found)


def projects(measured: Measured, figure: Any) -> bool:
    """Start, memory and save by the number of projects."""
    places = figure.subplots(1, len(_BY_PROJECTS))
    for axes, (what, unit, conditions) in zip(places, _BY_PROJECTS, strict=True):
        for name, results in (("before", measured.before), (OURS, measured.now)):
            found = results["scale"].find(what=what, conditions=conditions) if "scale" in results else []
            points = sorted((int(one.conditions["projects"]), one.figures.median) for one in found)
            axes.plot([x for x, _ in points], [y for _, y in points], "o-", color=COLOURS[name], label=name)
        axes.set(xscale="log", xlabel="projects", ylabel=unit, title=what)
        axes.set_ylim(bottom=0)
    places[0].legend(fontsize=7, frameon=False)
    return "scale" in measured.now


PLOTS: Final[Mapping[str, Callable[[Measured, Any], bool]]] = {
    plot.__name__: plot for plot in (saves, switches, spread, projects)
}

_BY_PROJECTS: Final[tuple[tuple[str, str, dict[str, int | str]], ...]] = (
    ("start to ready", "ms", {}),
    ("resident memory", "MiB", {"when": "after saves"}),
    ("save to request", "ms", {}),
)


def _bars(
    measured: Measured, axes: Any, found: Sequence[Measurement], *, along: str, fixed: dict[str, int | str]
) -> None:
    """Everybody's medians side by side, with the least and the most."""
    (part,) = [name for name, result in measured.now.items() if found[0] in result.measurements]
    values = list(dict.fromkeys(one.conditions[along] for one in found))
    whose = [("before", OURS, measured.before), *((who, who, measured.now) for who in (OURS, *RIVALS))]
    for place, (label, who, results) in enumerate(whose):
        for index, value in enumerate(values):
            one = figures_of(results, part, who, found[0].what, {along: value, **fixed})
            if one is not None:
                noise = [[one.median - one.least], [one.most - one.median]]
                axes.bar(index + (place - 1.5) * 0.2, one.median, 0.18, yerr=noise, label=label, color=COLOURS[label])
    axes.set_xticks(range(len(values)), [str(value) for value in values])
    axes.set(yscale="log", xlabel=along, ylabel=found[0].unit)


def _with_legend(figure: Any) -> bool:
    if not figure.axes:
        return False
    handles, labels = figure.axes[0].get_legend_handles_labels()
    named = dict(zip(labels, handles, strict=True))
    figure.legend(named.values(), named.keys(), loc="outside upper center", ncols=len(named), frameon=False)
    return True
