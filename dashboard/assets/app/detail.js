// The details of one component: what is known of it now, its history, its events, and what can be done.

const REFRESH = 5000;
const detail = { id: null, data: null, hour: false, table: false, timer: null, asked: 0 };
/** What the heading tells. */
const SAID = ["mode_by", "mode_reason", "mode_expires_at"];

function openDetail(id) {
	const row = components.get(id)?.row;
	if (!row) return;
	Object.assign(detail, { id, data: null });
	say("d-name", row.name);
	say("d-said", "");
	say("d-trouble", "");
	updateDetail();
	fillLoaded([]);
	if (!$("detail").open) $("detail").showModal();
	$("detail").scrollTop = 0;
	loadDetail();
}

/** Again from the server, now and each few seconds while it is open. */
async function loadDetail() {
	clearTimeout(detail.timer);
	const { id } = detail;
	const row = components.get(id)?.row;
	if (!row) return;
	const asked = (detail.asked += 1);
	const isWanted = () => detail.id === id && detail.asked === asked;
	try {
		const { components: found, events } = await getJson(`api/components/${encodeURIComponent(row.name)}`);
		if (!isWanted()) return;
		detail.data = found.find((other) => other.id === id);
		say("d-trouble", "");
		fillLoaded(events || []);
	} catch (error) {
		if (isWanted()) say("d-trouble", `History and events are missing: ${error.message}`);
	}
	if (isWanted() && !document.hidden) detail.timer = setTimeout(loadDetail, REFRESH);
}

/** What the stream tells: the heading, the facts and the buttons. */
function updateDetail() {
	if (!detail.id) return;
	const row = components.get(detail.id)?.row;
	show("d-gone", !row);
	if (!row) return fillActions([]);
	say("d-kind", [kindTitle(row.kind), row.group && `group ${row.group}`, row.instance > 1 && `#${row.instance}`].filter(Boolean).join(", "));
	$("d-state").dataset.s = row.severity;
	say("d-word", words(row.state));
	say("d-since", known(row.since) ? `for ${age(row.since)}, since ${moment(row.since)}` : "");
	$("d-since").title = iso(row.since);
	tell("d-why", forcedText(row) ? "" : row.why || "");
	tell("d-forced", forcedText(row));
	fillFacts(row.facts);
	fillActions(row.actions || []);
}

function fillFacts(facts) {
	const keys = Object.keys(facts).filter((key) => known(facts[key]) && !SAID.includes(key));
	const list = $("d-facts");
	if (detail.keys !== keys.join()) {
		detail.keys = keys.join();
		list.replaceChildren(...keys.map((key) => el("div", null, el("dt", null, factLabel(key)), el("dd"))));
	}
	keys.forEach((key, i) => {
		const node = list.children[i].lastChild;
		say(node, fact(key, facts[key]));
		if (/_(at|since)$/.test(key)) node.title = iso(facts[key]);
	});
}

function fillActions(actions) {
	const box = $("d-actions");
	if (detail.actions === actions.join()) return;
	detail.actions = actions.join();
	const had = box.contains(document.activeElement);
	box.replaceChildren(...actions.map((action) => button(actionOf(action).label, () => openControl(action, detail.id), actionOf(action).expiry && "strong")));
	if (had) (box.firstElementChild || $("d-close")).focus();
}

function fillLoaded(events) {
	redrawChart();
	const { values = [], notes } = detail.data || {};
	fillPairs("d-values", values.map(({ metric, attributes, value }) => [[metric, ...Object.values(attributes || {})].join(" "), value]));
	fillPairs("d-notes", Object.entries(notes || {}));
	const own = events.filter((event) => !event.component || event.component === detail.id).slice(-50).reverse();
	$("d-events").replaceChildren(...own.map((event) => eventNode(event, true)));
	show("d-none", !own.length);
}

function fillPairs(id, pairs) {
	$(id).replaceChildren(...pairs.map(([key, value]) => el("tr", null, el("th", { scope: "row" }, key), el("td", null, typeof value === "string" ? value : JSON.stringify(value)))));
	show($(id).closest("details"), pairs.length);
}

function redrawChart() {
	const { hour, table } = detail;
	const step = hour ? 10 : 1;
	const told = detail.data?.history?.[hour ? "ten_seconds" : "seconds"] || {};
	const series = Object.fromEntries(SERIES.map((name) => [name, padded(told[name], hour ? 360 : 300)]));
	drawChart($("d-chart"), series, now(), step);
	say("d-summary", $("d-chart").getAttribute("aria-label"));
	show("d-key-use", series.use.some(known));
	for (const [id, pressed] of [["d-5min", !hour], ["d-1h", hour], ["d-table", table]]) $(id).setAttribute("aria-pressed", pressed);
	show("d-chart", !table);
	show("d-table-box", table);
	const rows = table ? chartRows(series, now(), step, hour ? 6 : 10) : [];
	$("d-rows").replaceChildren(...rows.map(([at, ...cells]) => el("tr", null, el("th", { scope: "row", title: iso(at) }, clock(at)), ...cells.map((text) => el("td", { class: "n" }, text)))));
}

function setUpDetail() {
	on("detail", "close", () => Object.assign(detail, { id: null, timer: clearTimeout(detail.timer) }));
	on("d-close", "click", () => $("detail").close());
	// A click beside the dialog closes it.
	on("detail", "click", ({ target }) => target === $("detail") && $("detail").close());
	const changes = { "d-5min": () => (detail.hour = false), "d-1h": () => (detail.hour = true), "d-table": () => (detail.table = !detail.table) };
	for (const [id, change] of Object.entries(changes)) on(id, "click", () => {
		change();
		redrawChart();
	});
}
