// What arrives goes to its place; then the header, the warnings and the start.

const THEME = "steadfast-theme";
const CHIPS = 8;
let server = null;
let warnings = [];
let sampled = 0;
const drawn = {};

/** Whether what is shown there differs from what was drawn last. */
const isNews = (place, shown) => drawn[place] !== (drawn[place] = JSON.stringify(shown));

function takeSnapshot(snapshot) {
	const { process, missed } = snapshot;
	const events = snapshot.events || [];
	const restarted = server && server.instance !== process.instance;
	const after = restarted ? 0 : log.last;
	const returned = server && !restarted;
	server = process;
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
	// Else there would be a hole.
	if (!returned || steady() - sampled > 2 * STEP * 1000) loadHistory();
}

/** The snapshot holds the latest events only; those in between are asked for. */
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

function takeRows({ at, components: rows, health, warnings: told }, removed) {
	clockAhead = at - steady();
	removed.forEach(dropRow);
	rows?.forEach(putRow);
	warnings = told || warnings;
	fillWarnings();
	if (health !== undefined) fillHealth(health);
}

function takeEvent(event) {
	if (event.seq <= log.last) return;
	if (log.held) log.held.push(event);
	else addEvents([event]);
	announceEvent(event);
	if (event.component === detail.id) loadDetailSoon();
}

function fillHeader() {
	for (const key of ["service", "version", "instance", "pid", "steadfast"]) say(key, String(server[key] ?? ""));
	document.title = `${server.service}: resilience`;
	fillUptime();
}

function fillUptime() {
	if (!server) return;
	sayTime("uptime", `up ${age(server.started_at)}`, server.started_at);
}

function fillHealth(health) {
	const { status, live, ready, started } = health || {};
	const badges = [
		[{ healthy: 0, degraded: 2, unhealthy: 3 }[status] ?? 1, status],
		[live ? 0 : 3, live ? "live" : "not live"],
		[ready ? 0 : 3, ready ? "ready" : started ? "not ready" : "starting"],
	];
	if (!isNews("health", health)) return;
	$("health").replaceChildren(...(health ? badges : []).map(([s, text]) => el("span", { class: "pill", "data-s": s }, el("i"), text)));
}

/** What the server warns of, then every component in trouble that no warning names. */
function fillWarnings() {
	const named = new Set(warnings.map((warning) => warning.component));
	const others = [...components.values()].map(({ row }) => row).filter((row) => row.severity >= 2 && !named.has(row.id));
	const items = [...warnings, ...others.map(({ id, name, state, severity }) => ({ severity, text: `${name}: ${words(state)}`, component: id }))].sort((a, b) => b.severity - a.severity);
	const list = $("warnings-list");
	if (!isNews("warnings", items)) return;
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
	const { series } = await getJson("api/history").catch(() => ({ series: {} }));
	sampled = steady();
	for (const [id, values] of Object.entries(series)) {
		const item = components.get(id);
		if (!item) continue;
		for (const name of SERIES) if (values[name]) item.history[name] = padded(values[name], POINTS);
		redrawSpark(item);
	}
}

function sample() {
	sampled = steady();
	for (const item of components.values()) {
		for (const name of SERIES) {
			item.history[name].push(SAMPLES[name](item.row.facts) ?? null);
			item.history[name].shift();
		}
		redrawSpark(item);
	}
}

function tick() {
	if (document.hidden) return;
	look();
	fillUptime();
	for (const { order } of sections.values()) order.forEach(tickView);
	if (stream.live && steady() - sampled >= STEP * 1000 - 100) sample();
	updateDetail();
}

function setTheme() {
	const theme = $("theme").value;
	document.documentElement.dataset.theme = theme;
	storage((store) => store.setItem(THEME, theme));
}

/** It may be forbidden: then the choice lasts as long as the page. */
function storage(act) {
	try {
		return act(localStorage);
	} catch {
		return null;
	}
}

function filterChanged() {
	const typed = (id) => $(id).value.trim().toLowerCase();
	Object.assign(filter, { text: typed("filter"), problems: $("problems").checked });
	Object.assign(log, { text: typed("log-filter").replaceAll("→", "->"), severity: $("log-severity").value });
	arrangeAll(true);
	redrawLog();
}

function start() {
	$("theme").value = storage((store) => store.getItem(THEME)) || "auto";
	setTheme();
	on("theme", "input", setTheme);
	on("skip", "click", () => $("tables").focus());
	on("log-pause", "click", pauseLog);
	on("log-copy", "click", copyLog);
	on("log-export", "click", exportLog);
	on("main", "input", filterChanged);
	on(document, "visibilitychange", visibilityChanged);
	say("zone", Intl.DateTimeFormat().resolvedOptions().timeZone || "local");
	setUpDetail();
	setUpControl();
	if (!document.hidden) openStream();
	// A delta ticks as well: one layout a second, not two.
	setInterval(() => steady() - stream.heard > 1200 && tick(), 1000);
}

start();
