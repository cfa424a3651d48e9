// The tables, one for each kind. A delta changes the cells that differ and moves the rows that moved.

const PAGE = 100;
/** A table that is sorted by a number that moves is put in order once in this many ms. */
const RESORT = 5000;
const SEVERITIES = ["ok", "notice", "warning", "critical"];
const byText = new Intl.Collator("en", { numeric: true }).compare;

/** Every component by its id: its row, its history, and its line in the table while it is shown. */
const components = new Map();
const sections = new Map();
const filter = { text: "", kind: "", problems: false };

function newSection(kind) {
	const title = kindTitle(kind);
	const section = { kind, members: new Set(), order: [], columns: [], sort: { key: "state", down: true }, limit: PAGE, due: 0, dirty: true };
	section.count = el("span", { class: "count" });
	section.head = el("tr");
	section.body = el("tbody");
	section.more = button("", () => showMore(section), "more");
	section.node = el("section", { class: "kind", "aria-label": title, "data-kind": kind },
		el("h2", null, title, " ", section.count),
		el("div", { class: "scroll" }, el("table", null, el("caption", { class: "vh" }, title), el("thead", null, section.head), section.body)),
		section.more);
	sections.set(kind, section);
	const after = [...$("tables").children].find((node) => kindRank(node.dataset.kind) > kindRank(kind));
	$("tables").insertBefore(section.node, after || null);
	$("kind").append(el("option", { value: kind }, title));
	return section;
}

/** A column that only some components can fill is there as soon as one does. */
function chooseColumns(section) {
	const { columns, members } = section;
	const chosen = kindOf(section.kind)[1].filter((c) => !c.maybe || columns.some(({ key }) => key === c.key) || [...members].some(({ row }) => known(c.value(row.facts))));
	if (chosen.length === columns.length) return;
	section.columns = chosen;
	section.order.forEach(dropView);
	section.order = [];
	const all = [{ key: "name", label: "Name" }, { key: "state", label: "State" }, { key: "since", label: "Since", wide: 1 }, ...chosen];
	section.heads = new Map(all.map((c) => [c.key, el("th", { scope: "col", class: columnClass(c), title: c.hint }, button(c.label, () => sortBy(section, c.key)))]));
	section.head.replaceChildren(...section.heads.values(), el("th", { scope: "col", class: "w1" }, "5 min"));
	markSort(section);
}

const columnClass = (c) => (c.wide ? "w" + c.wide : "") + (c.number && !c.meter ? " n" : "") + (c.long ? " long" : "");

const sortColumn = ({ columns, sort }) => columns.find((c) => c.key === sort.key);

function sortBy(section, key) {
	const { sort } = section;
	section.sort = { key, down: !sort.down };
	if (key !== sort.key) section.sort.down = key !== "name" && sortColumn(section)?.number !== false;
	markSort(section);
	arrange(section);
}

function markSort({ heads, sort }) {
	for (const [key, node] of heads) {
		if (key === sort.key) node.ariaSort = sort.down ? "descending" : "ascending";
		else node.removeAttribute("aria-sort");
	}
}

function showMore(section) {
	const { limit } = section;
	section.limit += PAGE * 5;
	arrange(section);
	section.body.children[limit]?.querySelector("button").focus();
}

function putRow(row) {
	const item = components.get(row.id) || { row: {}, history: emptyHistory(), view: null };
	const moved = item.row.severity !== row.severity || item.row.state !== row.state || filter.text;
	item.row = row;
	components.set(row.id, item);
	const section = sections.get(row.kind) || newSection(row.kind);
	section.members.add(item);
	// What cannot move it leaves the order alone.
	if (moved || (Date.now() >= section.due && (section.columns.length < kindOf(row.kind)[1].length || sortColumn(section)?.live))) section.dirty = true;
	if (item.view) updateView(item);
}

function dropRow(id) {
	const item = components.get(id);
	if (!item) return;
	components.delete(id);
	const section = sections.get(item.row.kind);
	section.members.delete(item);
	section.dirty = true;
}

function newView(item, section) {
	const { id, name, group, instance } = item.row;
	const view = { word: el("span"), since: el("time"), why: el("div", { class: "why" }), forced: el("div", { class: "forced" }), cells: [] };
	const tags = [group !== name && group, instance > 1 && "#" + instance].filter(Boolean).join(" ");
	view.node = el("tr", null,
		el("th", { scope: "row" }, button(name || "(no name)", () => openDetail(id), "name"), tags ? el("span", { class: "tag" }, tags) : null, view.forced, view.why),
		el("td", null, el("span", { class: "pill" }, el("i"), view.word)),
		el("td", { class: "w1" }, view.since));
	for (const c of section.columns) {
		const cell = { c, text: document.createTextNode(""), last: "", meter: c.meter ? el("meter", { "aria-label": c.label }) : null };
		cell.node = el("td", { class: columnClass(c) }, c.meter ? el("span", { class: "gauge" }, cell.meter, el("span", null, cell.text)) : cell.text);
		view.cells.push(cell);
		view.node.append(cell.node);
	}
	item.view = view;
	updateView(item);
	view.spark = newSpark();
	view.node.append(el("td", { class: "w1" }, view.spark.node));
	drawSpark(view.spark, item.history);
}

function dropView(item) {
	item.view.node.remove();
	item.view = null;
}

function updateView(item) {
	const { row, view } = item;
	if (view.severity !== row.severity) view.node.dataset.s = view.severity = row.severity;
	say(view.word, words(row.state));
	tell(view.why, forcedText(row) ? "" : row.why || "");
	tickView(item);
	for (const cell of view.cells) {
		updateCell(cell, row.facts);
		if (cell.meter) updateMeter(cell, cell.c.value(row.facts));
	}
}

function updateCell(cell, facts) {
	const { c, node } = cell;
	const shown = c.text(facts);
	if (cell.last === shown) return;
	cell.last = cell.text.data = shown;
	if (c.hot) node.classList.toggle("hot", shown !== "0" && shown !== NONE);
	if (c.ticks) node.title = iso(facts[c.key]);
	if (c.long) node.title = shown;
}

function updateMeter(cell, value) {
	const share = known(value) ? Math.round(Math.min(1, Math.max(0, value)) * 100) / 100 : -1;
	if (cell.share === share) return;
	cell.share = share;
	show(cell.meter, share >= 0);
	cell.meter.value = Math.max(0, share);
	const level = share >= 1 ? 3 : share >= 0.75 ? 2 : 0;
	if (cell.level !== level) cell.meter.dataset.s = cell.level = level;
}

/** What time alone changes. */
function tickView({ row, view }) {
	const since = age(row.since);
	if (view.age !== since) {
		view.age = view.since.textContent = since;
		view.since.dateTime = view.since.title = iso(row.since);
	}
	tell(view.forced, forcedText(row));
	for (const cell of view.cells) if (cell.c.ticks) updateCell(cell, row.facts);
}

function matches({ row }) {
	if (filter.problems && !row.severity) return false;
	return !filter.text || [row.name, row.group, words(row.state), row.why, kindTitle(row.kind)].some((text) => text?.toLowerCase().includes(filter.text));
}

function comparison(section) {
	const { key, down } = section.sort;
	const sign = down ? -1 : 1;
	const value = { state: (row) => row.severity, name: () => 0, since: (row) => (known(row.since) ? -row.since : undefined) }[key] || ((row) => sortColumn(section).value(row.facts));
	return ({ row: a }, { row: b }) => {
		const [x, y] = [value(a), value(b)];
		const name = byText(a.name, b.name) || a.instance - b.instance;
		if (key === "name") return sign * name;
		if (!known(x) || !known(y)) return known(y) - known(x) || name;
		return sign * (typeof x === "string" ? byText(x, y) : x - y) || name;
	};
}

/** Brings the choice of rows and their order up to date with as few moves as it takes. */
function arrange(section) {
	section.dirty = false;
	section.due = Date.now() + RESORT;
	chooseColumns(section);
	const { body, order, members } = section;
	const wanted = !filter.kind || filter.kind === section.kind ? [...members].filter(matches).sort(comparison(section)) : [];
	section.order = wanted.slice(0, section.limit);
	const keep = new Set(section.order);
	order.filter((item) => !keep.has(item)).forEach(dropView);
	const focused = document.activeElement;
	let at = body.firstElementChild;
	for (const item of section.order) {
		if (!item.view) newView(item, section);
		const { node } = item.view;
		// A row that went down is taken out, and the others stay where they are.
		if (at && at !== node && at.nextElementSibling === node) {
			at.remove();
			at = node;
		}
		if (at === node) at = node.nextElementSibling;
		else body.insertBefore(node, at);
	}
	if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
	const rest = wanted.length - section.order.length;
	show(section.node, wanted.length);
	tell(section.more, rest ? `Show ${Math.min(rest, PAGE * 5)} more of ${wanted.length}` : "");
	const levels = [3, 2, 1].map((level) => [[...members].filter(({ row }) => row.severity === level).length, SEVERITIES[level]]);
	const total = wanted.length < members.size ? `${wanted.length} of ${members.size}` : members.size;
	say(section.count, [total, ...levels.filter(([n]) => n).map((part) => part.join(" "))].join(", "));
}

function arrangeAll(all) {
	for (const section of sections.values()) if (all || section.dirty) arrange(section);
	const shown = [...sections.values()].some(({ order }) => order.length);
	tell("nothing", shown ? "" : components.size ? "Nothing matches the filter." : "No components yet.");
}
