// What arrives goes to its place; then the header, the warnings, the keys and the start.

const root = document.documentElement;
const THEME = "steadfast-theme";
const THEMES = ["auto", "light", "dark"];
const CHIPS = 8;
let processInfo = null;
let warnings = [];
let sampled = 0;

function takeSnapshot(snapshot) {
	const { process, events, missed } = snapshot;
	const restarted = processInfo && processInfo.instance !== process.instance;
	const after = restarted ? 0 : log.last;
	const returned = processInfo && !restarted;
	processInfo = process;
	if (restarted) {
		log.last = 0;
		for (const item of components.values()) item.history = emptyHistory();
		note(`the server has restarted: this is instance ${process.instance} now`);
	}
	const ids = new Set(snapshot.components.map((row) => row.id));
	takeRows(snapshot, [...components.keys()].filter((id) => !ids.has(id)));
	if (after && !missed && events[0]?.seq > after + 1) fillGap(after, events);
	else addEvents(events);
	noteMissed(missed);
	fillHeader();
	show("controls-off", !snapshot.controls);
	show("history-off", snapshot.history === false);
	arrangeAll(true);
	if (!returned) loadHistory();
}

/** The snapshot holds only the latest events; those between them and what we have are asked for. */
async function fillGap(after, latest) {
	log.held = [];
	const { events, missed } = await getJson(`api/events?after=${after}&limit=${KEPT}`).catch(() => ({ events: [] }));
	noteMissed(missed);
	addEvents([...events, ...latest, ...log.held]);
	log.held = null;
}

const noteMissed = (missed) => missed > 0 && note(`events missed while the page was away: ${missed}`);

function takeDelta(delta) {
	takeRows(delta, delta.removed || []);
	arrangeAll(false);
	tick();
}

function takeRows({ at, components: rows = [], health, warnings: told = warnings, dropped_events: dropped }, removed) {
	clockAhead = at - Date.now();
	removed.forEach(dropRow);
	rows.forEach(putRow);
	warnings = told;
	fillWarnings();
	if (health !== undefined) fillHealth(health);
	if (known(dropped)) tell("dropped", dropped ? `events skipped: ${dropped}` : "");
}

function takeEvent(event) {
	if (event.seq <= log.last) return;
	if (log.held) log.held.push(event);
	else addEvents([event]);
	announceEvent(event);
	if (event.component === detail.id) loadDetail();
}

function fillHeader() {
	for (const key of ["service", "version", "instance", "pid", "steadfast"]) say(key, String(processInfo[key] ?? ""));
	document.title = `${processInfo.service}: resilience`;
	fillUptime();
}

function fillUptime() {
	if (!processInfo) return;
	say("uptime", `up ${age(processInfo.started_at)}`);
	$("uptime").title = iso(processInfo.started_at);
}

function fillHealth(health) {
	show("health", health);
	const { status, live, ready, started } = health || {};
	const badge = (i, severity, text) => {
		const node = $("health").children[i];
		node.dataset.s = severity;
		say(node.lastChild, text);
	};
	badge(0, { healthy: 0, degraded: 2, unhealthy: 3 }[status] ?? 1, String(status));
	badge(1, live ? 0 : 3, live ? "live" : "not live");
	badge(2, ready ? 0 : 3, ready ? "ready" : started ? "not ready" : "starting");
}

/** What the server warns of, then every component in trouble that no warning names. */
function fillWarnings() {
	const named = new Set(warnings.map((warning) => warning.component));
	const others = [...components.values()].map(({ row }) => row).filter((row) => row.severity >= 2 && !named.has(row.id));
	const items = [...warnings, ...others.map(({ id, name, state, severity }) => ({ severity, text: `${name}: ${words(state)}`, component: id }))].sort((a, b) => b.severity - a.severity);
	const list = $("warnings-list");
	const key = JSON.stringify(items);
	if (list.dataset.key === key) return;
	list.dataset.key = key;
	show("warnings", items.length);
	const had = list.contains(document.activeElement);
	list.replaceChildren(...items.slice(0, CHIPS).map(({ severity, text, component }) => {
		const body = component ? button("", () => openDetail(component)) : el("span");
		body.append(el("i"), el("span", { class: "vh" }, SEVERITIES[severity] + ": "), text);
		return el("li", { "data-s": severity }, body);
	}));
	if (items.length > CHIPS) list.append(el("li", null, button(`and ${items.length - CHIPS} more`, onlyProblems)));
	if (had) list.querySelector("button")?.focus();
}

function onlyProblems() {
	$("problems").checked = true;
	filterChanged();
	$("problems").focus();
}

function redrawSpark({ view, history }) {
	if (view?.spark) drawSpark(view.spark, history);
}

async function loadHistory() {
	// Without it, the sparklines grow from now on.
	const { series } = await getJson("api/history").catch(() => ({ series: {} }));
	sampled = Date.now();
	for (const [id, values] of Object.entries(series)) {
		const item = components.get(id);
		if (!item) continue;
		for (const name of SERIES) if (values[name]) item.history[name] = padded(values[name], POINTS);
		redrawSpark(item);
	}
}

/** One point more for every sparkline. */
function sample() {
	sampled = Date.now();
	for (const item of components.values()) {
		for (const name of SERIES) item.history[name] = padded([...item.history[name], SAMPLES[name](item.row.facts) ?? null], POINTS);
		redrawSpark(item);
	}
}

function tick() {
	if (document.hidden) return;
	look();
	fillUptime();
	for (const { order } of sections.values()) order.forEach(tickView);
	if (stream.live && Date.now() - sampled >= STEP * 1000 - 100) sample();
	updateDetail();
}

function setTheme(theme) {
	root.dataset.theme = theme;
	say("theme", `Theme: ${theme}`);
	storage((store) => store.setItem(THEME, theme));
}

/** Storage may be forbidden; then the choice lasts as long as the page. */
function storage(act) {
	try {
		return act(localStorage);
	} catch {
		return null;
	}
}

function nextTheme() {
	setTheme(THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length]);
}

function keyPressed(event) {
	const { key, target, ctrlKey, metaKey, altKey } = event;
	if (key === "/" && !ctrlKey && !metaKey && !altKey && !target.matches("input,select,textarea") && !document.querySelector("dialog[open]")) {
		event.preventDefault();
		$("filter").select();
		$("filter").focus();
	}
	if (key === "Escape" && target.type === "search") {
		target.value = "";
		filterChanged();
	}
}

function filterChanged() {
	const typed = (id) => $(id).value.trim().toLowerCase();
	Object.assign(filter, { text: typed("filter"), kind: $("kind").value, problems: $("problems").checked });
	Object.assign(log, { text: typed("log-filter"), severity: $("log-severity").value });
	arrangeAll(true);
	redrawLog();
}

function start() {
	setTheme(THEMES.find((theme) => theme === storage((store) => store.getItem(THEME))) || "auto");
	const clicks = { theme: nextTheme, "log-pause": pauseLog, "log-copy": copyLog, "log-export": exportLog };
	for (const [id, click] of Object.entries(clicks)) on(id, "click", click);
	// `<base>` would make this a way to another page.
	on("skip", "click", (event) => {
		event.preventDefault();
		$("tables").focus();
	});
	for (const id of ["filter", "kind", "problems", "log-filter", "log-severity"]) on(id, "input", filterChanged);
	on("search", "submit", (event) => event.preventDefault());
	on(document, "keydown", keyPressed);
	on(document, "visibilitychange", visibilityChanged);
	say("zone", Intl.DateTimeFormat().resolvedOptions().timeZone || "local");
	setUpDetail();
	setUpControl();
	if (!document.hidden) openStream();
	// A delta ticks as well: one layout a second, not two.
	setInterval(() => Date.now() - stream.heard > 1200 && tick(), 1000);
}

start();
