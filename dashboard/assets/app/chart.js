// Sparklines and the chart of the details, drawn by hand as SVG.

const POINTS = 60;
const STEP = 5;
const SPARK = { width: 120, height: 24 };
const SERIES = ["calls", "bad", "use"];

const tenth = (n) => Math.round(n * 10) / 10;
const highest = (...lists) => lists.flat().reduce((most, value) => (value > most ? value : most), 0);

function average(values) {
	const there = values.filter(known);
	return there.length ? there.reduce((a, b) => a + b, 0) / there.length : undefined;
}

/** A path through the values with gaps where there is none; with a `floor`, the area under it. */
function line(values, x, y, floor) {
	let path = "";
	let start = -1;
	[...values, null].forEach((value, i) => {
		if (known(value)) {
			path += `${start < 0 ? "M" : "L"}${x(i)} ${y(value)}`;
			if (start < 0) start = i;
		} else if (start >= 0) {
			if (floor) path += `V${floor}H${x(start)}Z`;
			start = -1;
		}
	});
	return path;
}

/** The last so many, with nothing before them if they are fewer. */
const padded = (values = [], length) => [...new Array(Math.max(0, length - values.length)).fill(null), ...values.slice(-length)];
const emptyHistory = () => Object.fromEntries(SERIES.map((name) => [name, padded([], POINTS)]));

function newSpark() {
	const [area, bad] = ["area", "bad"].map((name) => svg("path", { class: name }));
	const node = svg("svg", { class: "spark", viewBox: `0 0 ${SPARK.width} ${SPARK.height}`, preserveAspectRatio: "none", role: "img", "aria-label": "no history" }, area, bad);
	return { node, area, bad, drawn: "" };
}

/** The area is the use where there is one, else the calls; red is what failed or was rejected. */
function drawSpark(spark, { calls, bad, use }) {
	const used = use.some(known);
	const most = highest(calls, bad) || 1;
	const floor = SPARK.height - 1;
	const x = (i) => tenth((i * SPARK.width) / (POINTS - 1));
	const y = (most) => (value) => tenth(floor - (Math.min(value, most) / most) * (floor - 2));
	const area = line(used ? use : calls, x, y(used ? 1 : most), floor);
	const red = highest(bad) > 0 ? line(bad, x, y(most), floor) : "";
	if (spark.drawn === area + red) return;
	spark.drawn = area + red;
	spark.area.setAttribute("d", area);
	spark.bad.setAttribute("d", red);
	spark.node.setAttribute("aria-label", chartText({ calls, bad, use }, POINTS * STEP));
}

function chartText(series, seconds) {
	const each = (value) => rate(value) + "/s";
	const names = { calls: ["Calls", each], bad: ["Failed or rejected", each], use: ["Use", percent] };
	const sentences = Object.entries(names).map(([key, [name, show]]) => {
		const there = series[key].filter(known);
		return there.length && (key !== "bad" || highest(there)) ? ` ${name}: now ${show(there.at(-1))}, mean ${show(average(there))}, highest ${show(highest(there))}.` : "";
	}).join("");
	return sentences ? `The last ${span(seconds * 1000)}.${sentences}` : "No history.";
}

const CHART = { width: 640, height: 190, left: 46, right: 632, top: 10, floor: 166 };

/** A round number at or above `most`, for the grid. */
function roundUp(most) {
	if (most <= 0) return 1;
	const power = 10 ** Math.floor(Math.log10(most));
	return [1, 2, 4, 10].find((n) => n * power >= most) * power;
}

/** Draws lists of one length, one value each `step` seconds, oldest first, of which the last is of `at`. */
function drawChart(node, series, at, step) {
	const { height, left, right, top, floor } = CHART;
	const { calls, bad, use } = series;
	const { length } = calls;
	const most = roundUp(highest(calls, bad));
	const x = (share) => tenth(left + (right - left) * share);
	const y = (share) => tenth(floor - (floor - top) * Math.min(1, share));
	const path = (cls, values, most, floor) => svg("path", { class: cls, d: line(values, (i) => x(i / Math.max(1, length - 1)), (value) => y(value / most), floor) });
	const label = (text, x, y, anchor) => svg("text", { x, y, "text-anchor": anchor }, text);
	const grid = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
		svg("path", { class: "grid", d: `M${left} ${y(share)}H${right}` }),
		label(rate(most * share), left - 6, y(share) + 4, "end"),
		label(clock(at - length * step * 1000 * (1 - share)).slice(0, step > 1 ? 5 : 8), x(share), height - 6, share === 0 ? "start" : share === 1 ? "end" : "middle"),
	]);
	node.replaceChildren(...grid, path("area", calls, most, floor), path("calls", calls, most), path("use", use, 1), path("bad", highest(bad) ? bad : [], most));
	node.setAttribute("aria-label", chartText(series, length * step));
}

/** The same as numbers: a line for each `every` points, newest first. */
function chartRows(series, at, step, every) {
	const { length } = series.calls;
	const rows = [];
	for (let to = length; to > 0; to -= every) {
		const [calls, bad, use] = SERIES.map((name) => average(series[name].slice(Math.max(0, to - every), to)));
		if ([calls, bad, use].some(known)) rows.push([at - (length - to) * step * 1000, rate(calls), rate(bad), percent(use)]);
	}
	return rows;
}
