"""A what-if as a picture: for each tier and queue where the recorded policy stands and where the other would.
Colours of Okabe and Ito, which people tell apart however they see colours; filled and hollow besides."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from app.replay.figures import Comparison, Figures, Row

BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#9a9a9a", "#222222"
RING: Final[Any] = {"markeredgewidth": 2, "markeredgecolor": BLUE, "markerfacecolor": "none"}
INCHES_WIDE: Final = 11.0
INCHES_A_ROW: Final = 0.42
STYLE: Final[Any] = {
    "font.size": 10,
    "font.family": "sans-serif",
    "text.color": INK,
    "axes.edgecolor": "#cccccc",
    "axes.titlesize": 11,
    "xtick.color": "#555555",
    "ytick.color": INK,
    "svg.hashsalt": "touchpoint",
}


class Panel(NamedTuple):
    """One figure; `value` in the unit of the axis, None where there is nothing to show."""

    title: str
    value: Callable[[Figures], float | None]
    is_share: bool = True


def draw(found: Comparison, path: Path) -> None:
    """Write the picture in the form that the file's ending names. Raises OSError."""
    matplotlib.set_loglevel("WARNING")
    with matplotlib.rc_context(STYLE):
        picture = Figure(figsize=(INCHES_WIDE, 1.9 + INCHES_A_ROW * len(found.rows)))
        axes = picture.subplots(1, len(PANELS), sharey=True, gridspec_kw={"wspace": 0.16})
        for panel, axis in zip(PANELS, axes, strict=True):
            _draw_panel(axis, panel, found.rows)
        _name_rows(axes[0], found.rows)
        _head(picture, found)
        top = 1 - 1.25 / picture.get_figheight()
        picture.subplots_adjust(left=0.13, right=0.985, top=top, bottom=0.5 / picture.get_figheight())
        picture.savefig(path, dpi=150, metadata=_undated(path))


def _undated(path: Path) -> dict[str, Any]:
    """The same figures give the same file."""
    return {"Date": None} if path.suffix.lower() == ".svg" else {}


def _draw_panel(axis: Axes, panel: Panel, rows: Sequence[Row]) -> None:
    axis.set_title(panel.title, loc="left", pad=8)
    axis.set_axisbelow(True)
    most = 0.0
    for place, row in enumerate(rows):
        before, after = panel.value(row.recorded), panel.value(row.other)
        if before is None or after is None:
            continue
        most = max(most, before, after)
        axis.plot([before, after], [place, place], color=GREY, linewidth=2)
        axis.plot(after, place, "o", markersize=7, color=ORANGE, clip_on=False)
        axis.plot(before, place, "o", markersize=10, **RING, clip_on=False)
        _write_change(axis, before, after, place)
    for place in range(1, len(rows)):
        if rows[place].kind != rows[place - 1].kind:
            axis.axhline(place - 0.55, color="#cccccc", linewidth=0.8)
    axis.set_xlim(0, 104 if panel.is_share and most > 50 else max(most * 1.3, 1.0))
    axis.grid(axis="x", color="#eeeeee")
    axis.tick_params(length=0)
    axis.spines[["top", "right", "left"]].set_visible(False)


def _write_change(axis: Axes, before: float, after: float, place: int) -> None:
    said = f"{before:.0f} → {after:.0f}" if round(before) != round(after) else f"{after:.0f}"
    axis.annotate(
        said, ((before + after) / 2, place), (0, 7), textcoords="offset points",
        ha="center", fontsize=7.5, color="#555555",
    )  # fmt: skip


def _name_rows(axis: Axes, rows: Sequence[Row]) -> None:
    axis.set_yticks(range(len(rows)), [_name(row) for row in rows])
    axis.set_ylim(len(rows) - 0.4, -0.7)


def _name(row: Row) -> str:
    return (
        f"all ({row.recorded['offered']})"
        if row.kind == "total"
        else f"{row.key} ({row.recorded['offered']})"
    )


def _head(picture: Figure, found: Comparison) -> None:
    record, high = found.record, picture.get_figheight()
    changes = "; ".join(line.lstrip("~+- ") for line in found.changes) or "nothing is different"
    picture.text(0.015, 1 - 0.32 / high, f"What if: {_short(changes)}", fontsize=13, fontweight="bold")
    picture.text(
        0.015, 1 - 0.58 / high, f"{record.tenant.name}, {record.span}. Offered in brackets.", fontsize=9.5
    )
    handles = [
        Line2D([], [], marker="o", linestyle="", markersize=10, **RING, label="recorded policy"),
        Line2D([], [], marker="o", linestyle="", markersize=7, color=ORANGE, label=found.other),
    ]
    below_title = (1, 1 - 0.38 / high)
    picture.legend(handles=handles, loc="upper right", bbox_to_anchor=below_title, ncols=2, frameon=False)


def _short(text: str) -> str:
    return text if len(text) <= 90 else text[:89] + "…"


def _share(name: str) -> Callable[[Figures], float | None]:
    return lambda of: None if of[name] is None else 100 * of[name]


PANELS: Final = (
    Panel("Service level, %", _share("service_level")),
    Panel("ASA, s", lambda of: of["asa_seconds"], is_share=False),
    Panel("Abandoned, %", _share("abandon_rate")),
    Panel("Promises kept, %", _share("promises_kept")),
)
