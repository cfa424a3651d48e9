// The log of events, newest first, and the region that reads transitions out.

const KEPT = 1000;
const SHOWN = 200;
const TELL_EACH = 4000;
/** What comes too often to be read out. */
const NOISE = ["bulkhead_rejected", "retry_gave_up", "http", "telemetry"];

const log = { events: [], last: 0, paused: false, waiting: 0, text: "", severity: 0 };

const logMatches = (event) => event.severity >= log.severity && (!log.text || [event.name, event.text, event.by, words(event.kind)].some((text) => text?.toLowerCase().includes(log.text)));
const logNodes = (events) => events.filter(logMatches).slice(-SHOWN).reverse().map((event) => eventNode(event));

/** Takes events in, oldest first; those it has are passed over. */
function addEvents(events) {
	addLines(events.filter((event) => event.seq > log.last && (log.last = event.seq)));
}

const note = (text) => addLines([{ at: now(), kind: "stream", severity: 1, text }]);

function addLines(events) {
	log.events.push(...events);
	log.events.splice(0, log.events.length - KEPT);
	if (log.paused) log.waiting += events.length;
	else {
		$("log").prepend(...logNodes(events));
		while ($("log").childElementCount > SHOWN) $("log").lastElementChild.remove();
	}
	tellLog();
}

function eventNode({ at, kind, severity, component, name, text, by }, alone) {
	const subject = alone || !name ? [] : [component ? button(name, () => openDetail(component), "name") : name, " "];
	return el("li", { "data-s": severity },
		el("time", { datetime: iso(at), title: iso(at) }, clock(at)),
		el("i"),
		el("div", null, el("span", { class: "vh" }, SEVERITIES[severity] + " "), ...subject, el("span", { class: "tag" }, words(kind)), " ", text.replaceAll("->", "→"), by ? el("span", { class: "dim" }, ` by ${by}`) : null));
}

function redrawLog() {
	$("log").replaceChildren(...logNodes(log.events));
	log.waiting = 0;
	tellLog();
}

function tellLog() {
	const n = log.events.filter(logMatches).length;
	say("log-count", log.paused ? `paused, ${log.waiting} new` : n > SHOWN ? `latest ${SHOWN} of ${n}` : String(n));
	tell("log-none", n ? "" : log.events.length ? "Nothing matches the filter." : "No events yet.");
}

function pauseLog() {
	log.paused = !log.paused;
	$("log-pause").ariaPressed = log.paused;
	if (log.paused) tellLog();
	else redrawLog();
}

async function copyLog() {
	const lines = log.events.filter(logMatches).map(({ at, severity, kind, name, text, by }) => `${iso(at)} ${SEVERITIES[severity]} ${kind} ${name || ""}: ${text}${by ? ` (by ${by})` : ""}`);
	let done = true;
	try {
		await navigator.clipboard.writeText(lines.join("\n"));
	} catch {
		// A page over plain HTTP has no clipboard; the old way works there.
		const area = el("textarea", { class: "vh" }, lines.join("\n"));
		document.body.append(area);
		area.select();
		done = document.execCommand("copy");
		area.remove();
		$("log-copy").focus();
	}
	say("log-copy", done ? "Copied" : "Not copied");
	setTimeout(() => say("log-copy", "Copy"), 1500);
}

function exportLog() {
	const events = log.events.filter((event) => event.seq && logMatches(event));
	const href = URL.createObjectURL(new Blob([JSON.stringify({ process: server, exported_at: now(), events }, null, 1)], { type: "application/json" }));
	el("a", { href, download: `events-${server?.service}.json` }).click();
	setTimeout(() => URL.revokeObjectURL(href), 1000);
}

const telling = { waiting: [], told: 0 };

/** At most once in a few seconds, whatever happens. */
function announce(text) {
	telling.waiting.push(text);
	telling.timer ??= setTimeout(() => {
		const texts = telling.waiting.splice(0);
		Object.assign(telling, { timer: null, told: steady() });
		say("live", [...texts.slice(0, 3), ...(texts.length > 3 ? [`and ${texts.length - 3} more`] : [])].join(". "));
	}, Math.max(100, telling.told + TELL_EACH - steady()));
}

function announceEvent({ kind, name, text }) {
	if (!NOISE.includes(kind)) announce(`${name || words(kind)}: ${text}`);
}
