"""The table as a picture: for each model and number of threads, how many times faster Ingot is than the best peer."""

import html
import math

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1d2126 }
.quiet { fill: #5a626c } .grid { stroke: #d9dde2 } .even { stroke: #1d2126; stroke-width: 1.5 }
.ahead { fill: #2a8f6d } .behind { fill: #c24b41 } .spread { stroke: #1d2126; stroke-width: 1.5 } .page { fill: #fdfdfc }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e8eb } .quiet { fill: #a2aab4 } .grid { stroke: #343a42 } .even, .spread { stroke: #e6e8eb }
  .ahead { fill: #4cc29a } .behind { fill: #f0847b } .page { fill: #14171b }
}
"""

WIDTH, LEFT, RIGHT, TOP, ROW = 860, 260, 70, 56, 24


def ticks(low, high):
    """Round factors within the range, on both sides of one."""
    return [tick for tick in (0.1, 0.2, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50) if low <= tick <= high]


def bar_chart(rows, title):
    """SVG text; a row has `model`, `threads`, `peer`, `ratio` and `spread` (lower and upper quartile)."""
    low = min([0.7] + [row["spread"][0] for row in rows]) * 0.95
    high = max([1.5] + [row["spread"][1] for row in rows]) * 1.05
    height = TOP + ROW * len(rows) + 24

    def x(ratio):
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(ratio / low) / math.log(high / low)

    def text(left, y, words, kind="", anchor="start"):
        return f'<text x="{left:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{html.escape(words)}</text>'

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        f"<title>{html.escape(title)}</title><style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
        text(12, 22, title),
    ]
    for tick in ticks(low, high):
        kind = "even" if tick == 1 else "grid"
        parts.append(f'<line class="{kind}" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP - 6}" y2="{height - 20}"/>')
        parts.append(text(x(tick), TOP - 12, f"{tick:g}x", "quiet", "middle"))
    for number, row in enumerate(rows):
        top, middle = TOP + ROW * number, TOP + ROW * (number + 0.5)
        start, end = sorted((x(1), x(row["ratio"])))
        kind = "ahead" if row["ratio"] >= 1 else "behind"
        lower, upper = (x(ratio) for ratio in row["spread"])
        parts += [
            text(12, middle + 4, f"{row['model']}, {row['threads']} thread{'s' * (row['threads'] > 1)}"),
            f'<rect class="{kind}" x="{start:.1f}" y="{top + 4}" width="{max(end - start, 1):.1f}" height="{ROW - 8}"/>',
            f'<line class="spread" x1="{lower:.1f}" x2="{upper:.1f}" y1="{middle}" y2="{middle}"/>',
            text(WIDTH - 12, middle + 4, f"{row['ratio']:.2f} {row['peer'][:3]}", "quiet", "end"),
        ]
    return "\n".join(parts + ["</svg>", ""])
