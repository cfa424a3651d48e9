// How the page stays up to date: server-sent events, reading the snapshot when they fail, and saying so.

/** Without news for so many ms it is stale; then the stream is opened anew. */
const STALE = 3000;
const DEAD = 10000;
const POLL = 5000;
const TRIES = 3;
const LOST = "The connection to the server is lost";

const stream = { source: null, heard: 0, opened: 0, polled: 0, seen: 0, failures: 0, lost: false, why: "" };

/** The answer as JSON; an error says why there is none, and whether the server `refused`. */
async function getJson(path, options) {
	const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(10000), ...options });
	const body = await response.json().catch(() => ({}));
	if (response.ok) return body;
	throw Object.assign(new Error(body.error || `${response.status} ${response.statusText}`), { refused: true });
}

function openStream() {
	closeStream();
	const source = new EventSource("api/stream");
	Object.assign(stream, { source, opened: steady() });
	const handle = (name, take) => on(source, name, ({ data }) => {
		if (stream.source !== source) return;
		stream.lost = false;
		take(JSON.parse(data));
		// Only now: what cannot be read is not heard.
		stream.heard = steady();
		look();
	});
	handle("snapshot", (snapshot) => {
		Object.assign(stream, { failures: 0, expected: false });
		stopPolling();
		takeSnapshot(snapshot);
	});
	handle("delta", takeDelta);
	handle("event", takeEvent);
	handle("bye", ({ reason }) => {
		stream.expected = reason !== "shutdown";
		if (stream.expected) return reopen(100);
		Object.assign(stream, { lost: true, why: "The server is shutting down" });
	});
	source.onerror = () => {
		if (stream.source !== source) return;
		stream.failures += 1;
		stream.lost ||= !stream.expected;
		// A refusal ends it for good; what was cut off, the browser opens again.
		const refused = source.readyState === EventSource.CLOSED;
		if (refused) reopen(Math.min(30000, 1000 * 2 ** stream.failures));
		if (refused || stream.failures >= TRIES) startPolling();
		look();
	};
}

function reopen(wait) {
	closeStream();
	stream.retry = setTimeout(openStream, wait);
}

function closeStream() {
	clearTimeout(stream.retry);
	stream.source?.close();
	stream.source = null;
}

function startPolling() {
	if (stream.polling) return;
	stream.polling = true;
	poll();
}

function stopPolling() {
	stream.polling = false;
	clearTimeout(stream.poll);
}

async function poll() {
	try {
		const snapshot = await getJson("api/snapshot");
		if (!stream.polling) return;
		takeSnapshot(snapshot);
		Object.assign(stream, { polled: steady(), why: "" });
	} catch (error) {
		stream.why = error.refused ? `The server refuses: ${error.message}` : "The server does not answer";
	}
	if (stream.polling) stream.poll = setTimeout(poll, POLL);
	look();
}

/** Tells how fresh the page is, each second and at every change. */
function look() {
	if (document.hidden) return;
	const at = steady();
	const live = !stream.lost && at - stream.heard < STALE;
	// A page seen again is neither live nor stale before it has had its chance.
	const waits = at - stream.seen < STALE || !(server || stream.failures);
	const state = live ? "live" : stream.polling && at - stream.polled < POLL + STALE ? "polling" : waits ? "connecting" : "stale";
	if (state !== "connecting") {
		if (stream.live === !live) announce(live ? "Live again" : LOST);
		stream.live = live;
	}
	if (live) stream.why = "";
	$("stream").dataset.state = state;
	say("stream-word", "stream " + state);
	document.body.classList.toggle("stale", /stale|connecting/.test(state));
	const last = Math.max(stream.heard, stream.polled);
	const old = last ? `Nothing new since ${moment(last + clockAhead)}: what is shown may be old. ` : "";
	tell("banner", {
		polling: `The live stream fails; the page is read anew every ${POLL / 1000} seconds instead.`,
		stale: `${stream.why || LOST}. ${old}Reconnecting by itself.`,
	}[state] || "");
	// One that is open and says nothing is opened anew.
	if (!live && stream.source && at - Math.max(stream.heard, stream.opened) > DEAD) openStream();
}

function visibilityChanged() {
	if (document.hidden) {
		closeStream();
		return stopPolling();
	}
	Object.assign(stream, { seen: steady(), lost: false, failures: 0 });
	openStream();
	loadHistory();
	tick();
	loadDetail();
}
