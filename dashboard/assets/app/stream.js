// How the page stays up to date: server-sent events, reading the snapshot when they fail, and saying so.

/** Without a delta for so many ms what is shown is stale, and the stream is opened anew. */
const STALE = 3000;
const DEAD = 10000;
const POLL = 5000;
const TRIES = 3;
const LOST = "The connection to the server is lost";

const stream = { source: null, heard: 0, opened: 0, polled: 0, seen: 0, failures: 0, lost: false, why: "" };

/** The answer as JSON; an error says in one line why there is none, and whether the server `refused`. */
async function getJson(path, options) {
	const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(10000), ...options });
	const body = await response.json().catch(() => ({}));
	if (response.ok) return body;
	throw Object.assign(new Error(body.error || `${response.status} ${response.statusText}`), { refused: true });
}

function openStream() {
	closeStream();
	const source = new EventSource("api/stream");
	Object.assign(stream, { source, opened: Date.now() });
	const handle = (name, take) => on(source, name, ({ data }) => {
		if (stream.source !== source) return;
		Object.assign(stream, { heard: Date.now(), lost: false });
		take(JSON.parse(data));
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
		Object.assign(stream, { polled: Date.now(), why: "" });
	} catch (error) {
		stream.why = error.refused ? `The server refuses: ${error.message}` : "The server does not answer";
	}
	if (stream.polling) stream.poll = setTimeout(poll, POLL);
	look();
}

/** Tells how fresh what is shown is; called each second and at every change. */
function look() {
	if (document.hidden) return;
	const at = Date.now();
	const live = !stream.lost && at - Math.max(stream.heard, stream.seen) < STALE;
	const state = live ? "live" : stream.polling && at - stream.polled < POLL + STALE ? "polling" : processInfo || stream.failures ? "stale" : "connecting";
	if (state !== "connecting") {
		if (stream.live === !live) announce(live ? "Live again" : LOST);
		stream.live = live;
	}
	if (live) stream.why = "";
	$("stream").dataset.state = state;
	say("stream-word", "stream " + state);
	document.body.classList.toggle("stale", state === "stale");
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
	// We closed it: nothing is stale until it has had its chance.
	Object.assign(stream, { seen: Date.now(), lost: false, failures: 0 });
	openStream();
	loadHistory();
	tick();
	loadDetail();
}
