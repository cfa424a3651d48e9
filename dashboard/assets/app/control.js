// The dialog that asks why and for how long before anything is changed.

const ACTIONS = {
	force_open: { label: "Force open", effect: "Every call is rejected at once.", expiry: true },
	force_closed: { label: "Force closed", effect: "Every call is let through, however many fail.", expiry: true },
	disable: { label: "Disable", effect: "Every call is let through and nothing is counted.", expiry: true },
	automatic: { label: "Back to automatic", effect: "The breaker decides for itself again." },
	reset: { label: "Reset", effect: "What was counted is forgotten and the breaker closes." },
	set_limit: { label: "Change the limit", effect: "Calls in flight stay; those that come meet the new limit.", limit: true },
	reconnect: { label: "Reconnect now", effect: "The connection is closed and opened again." },
	check_now: { label: "Check now", effect: "The health check runs at once." },
};
const actionOf = (action) => (Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : { label: capital(words(action)), effect: "" });
const control = { action: null, id: null };

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
		return tell("c-error", "Say why in at least three letters: it goes into the log.");
	}
	const seconds = Number(new FormData($("c-form")).get("expiry"));
	if (expiry && seconds) body.for_seconds = seconds;
	if (limit) body.max_concurrent = Number($("c-max").value);
	tell("c-error", "");
	$("c-go").disabled = true;
	const { error, text } = await post(body);
	$("c-go").disabled = false;
	if (error) return tell("c-error", error);
	$("control").close();
	if (detail.id === id) {
		say("d-said", text || "Done.");
		loadDetail();
	}
}

/** The server's answer, or `error`: one line that says what went wrong. */
async function post(body) {
	const headers = { "content-type": "application/json", "x-resilience-csrf": "1" };
	try {
		return await getJson("api/control", { method: "POST", headers, body: JSON.stringify(body) });
	} catch (error) {
		return { error: error.refused ? error.message : "No answer: it may or may not have been done. Look before you try again." };
	}
}

function setUpControl() {
	on("c-form", "submit", sendControl);
	on("c-cancel", "click", () => $("control").close());
}
