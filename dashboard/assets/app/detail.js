// The details of one component: its facts, history and events, and what can be done.

const REFRESH = 5000;
const SOON = 500;
const detail = { id: null, data: null, timer: null, asked: 0, loaded: 0 };

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

/** From the server, now and each few seconds. */
async function loadDetail() {
	clearTimeout(detail.timer);
	const { id } = detail;
	const row = components.get(id)?.row;
	if (!row) return;
	detail.loaded = steady();
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

/** A storm of its events is one question. */
function loadDetailSoon() {
	clearTimeout(detail.timer);
	detail.timer = setTimeout(loadDetail, Math.max(0, detail.loaded + SOON - steady()));
}

/** What the stream tells: the heading, the facts and the buttons. */
function updateDetail() {
	if (!detail.id) return;
	const row = components.get(detail.id)?.row;
	show("d-gone", !row);
	if (!row) return fillActions([]);
	say("d-kind", [kindTitle(row.kind), row.group && `group ${row.group}`, row.instance > 1 && `#${row.instance}`].filter(Boolean).join(", "));
	$("d-state").dataset.s = row.severity;
	sayState(row, "d-word", "d-why", "d-forced");
	sayTime("d-since", known(row.since) ? `for ${age(row.since)}, since ${moment(row.since)}` : "", row.since);
	fillFacts(row.facts);
	fillActions(row.actions || []);
}

function fillFacts(facts) {
	const keys = Object.keys(facts).filter((key) => known(facts[key]));
	const list = $("d-facts");
	if (isNews("facts", keys)) {
		list.replaceChildren(...keys.map((key) => el("div", null, el("dt", null, factLabel(key)), el("dd"))));
	}
	keys.forEach((key, i) => {
		const node = list.children[i].lastChild;
		sayTime(node, fact(key, facts[key]), /_(at|since)$/.test(key) ? facts[key] : null);
	});
}

function fillActions(actions) {
	const box = $("d-actions");
	if (!isNews("actions", actions)) return;
	const had = box.contains(document.activeElement);
	box.replaceChildren(...actions.map((action) => button(actionOf(action).label, () => openControl(action, detail.id), actionOf(action).expiry && "strong")));
	if (had) (box.firstElementChild || $("d-close")).focus();
}

const tableRow = (cls, head, ...cells) => el("tr", null, el("th", { scope: "row" }, head), ...cells.map((text) => el("td", { class: cls }, text)));

function fillLoaded(events) {
	redrawChart();
	const { values = [], notes } = detail.data || {};
	const { last_errors: errors = [], ...settings } = notes || {};
	const when = (seconds) => moment(now() - seconds * 1000);
	$("d-errors").replaceChildren(...errors.map((it) => tableRow(null, it.class, it.message, count(it.count), when(it.first_ago_seconds), when(it.last_ago_seconds))));
	show("d-errors-box", errors.length);
	const told = values.map(({ metric, attributes, value }) => [[metric, ...Object.values(attributes || {})].join(" "), value]);
	const pairs = [...Object.entries(settings), ...told];
	$("d-values").replaceChildren(...pairs.map(([key, value]) => tableRow(null, key, typeof value === "string" ? value : JSON.stringify(value))));
	const own = events.filter((event) => !event.component || event.component === detail.id).slice(-50).reverse();
	$("d-events").replaceChildren(...own.map((event) => eventNode(event, true)));
	show("d-none", !own.length);
}

function redrawChart() {
	const hour = $("d-span").value === "hour";
	const step = hour ? 10 : 1;
	const told = detail.data?.history?.[hour ? "ten_seconds" : "seconds"] || {};
	const series = Object.fromEntries(SERIES.map((name) => [name, padded(told[name], hour ? 360 : 300)]));
	drawChart($("d-chart"), series, now(), step);
	say("d-summary", $("d-chart").ariaLabel);
	show("d-key-use", series.use.some(known));
	const rows = chartRows(series, now(), step, hour ? 6 : 10);
	$("d-rows").replaceChildren(...rows.map(([at, ...cells]) => tableRow("n", clock(at), ...cells)));
}

function setUpDetail() {
	on("detail", "close", () => Object.assign(detail, { id: null, timer: clearTimeout(detail.timer) }));
	on("d-close", "click", () => $("detail").close());
	on("d-span", "input", redrawChart);
}
