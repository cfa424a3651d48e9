// The dialog that asks why and for how long, before anything changes.

const ACTIONS = {
	force_open: { label: "Force open", effect: "Every call is rejected at once.", expiry: true },
	force_closed: { label: "Force closed", effect: "Every call is let through.", expiry: true },
	disable: { label: "Disable", effect: "Calls are let through, none counted.", expiry: true },
	automatic: { label: "Back to automatic", effect: "It decides for itself again." },
	reset: { label: "Reset", effect: "All counts are forgotten and it closes." },
	set_limit: { label: "Change the limit", effect: "Calls in flight stay.", limit: true },
	reconnect: { label: "Reconnect now", effect: "It is closed and opened again." },
	check_now: { label: "Check now", effect: "It runs at once." },
};
const actionOf = (action) => (Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : { label: capital(words(action)), effect: "" });
const control = {};

function openControl(action, id) {
	const row = components.get(id)?.row;
	if (!row) return;
	Object.assign(control, { action, id });
	const { label, effect, expiry, limit } = actionOf(action);
	$("c-form").reset();
	say("c-title", `${label}: ${row.name}`);
	say("c-effect", effect);
	show("c-expiry", expiry);
	show("c-limit", limit);
	$("c-max").disabled = !limit;
	$("c-max").value = row.facts.limit ?? "";
	say("c-go", label);
	tell("c-error", stream.live ? "" : "The stream is lost: what is shown may be old.");
	$("control").showModal();
	$(limit ? "c-max" : "c-reason").focus();
}

async function sendControl(event) {
	event.preventDefault();
	const { action, id } = control;
	const { expiry, limit } = actionOf(action);
	const body = { action, component: id, reason: $("c-reason").value.trim() };
	if (body.reason.length < 3) {
		$("c-reason").focus();
		return tell("c-error", "Say why: it goes into the log.");
	}
	const seconds = Number($("c-for").value);
	if (expiry && seconds) body.for_seconds = seconds;
	if (limit) body.max_concurrent = Number($("c-max").value);
	tell("c-error", "");
	$("c-go").disabled = true;
	const { error, text } = await post(body);
	$("c-go").disabled = false;
	if (error) return tellError(error);
	$("control").close();
	if (detail.id === id) {
		say("d-said", text || "Done.");
		loadDetail();
	}
}

/** A path beside the page is a link, to sign in for instance. */
function tellError(error) {
	tell("c-error", error);
	$("c-error").replaceChildren(...error.split(/(?<=\s)(\.\/[\w-]+)/).map((part, i) => (i % 2 ? el("a", { href: part, target: "_blank" }, part) : part)));
}

/** The server's answer, or one line in `error`. */
async function post(body) {
	const headers = { "content-type": "application/json", "x-resilience-csrf": "1" };
	try {
		return await getJson("api/control", { method: "POST", headers, body: JSON.stringify(body) });
	} catch (error) {
		return { error: error.refused ? error.message : "No answer: it may or may not have been done." };
	}
}

function setUpControl() {
	on("c-form", "submit", sendControl);
	on("c-cancel", "click", () => $("control").close());
}
