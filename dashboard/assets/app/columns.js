// What each kind of component shows: the columns after name, state and since.
// `wide` says how much room a column waits for: 0 always, 1 a tablet's, 2 a desktop's.

const column = (key, label, text, more) => ({ key, label, text, wide: 1, number: true, value: (f) => f[key], ...more });
const live = (show, end = "", flags) => (key, label, more) => column(key + end, label, (f) => show(f[key + end]), { live: true, ...flags, ...more });
const number = live(count);
const perSecond = live(rate, "_per_second");
/** Not every component can tell these: the column is there once one does. */
const took = live(millis, "_ms", { maybe: true });
const ticking = (key, label, show) => column(key, label, (f) => show(f[key]), { ticks: true });
const text = (key, label, more) => column(key, label, (f) => fact(key, f[key]), { number: false, ...more });
/** What is in trouble as soon as it is not 0. */
const bad = { hot: true };
const wide = { wide: 2 };
const first = { wide: 0 };

/** A bar of a share, and the same in words. */
const meter = (key, label, text, share, more) => column(key, label, text, { value: share, meter: true, live: true, ...more });
const of = (n, limit) => (known(n) && known(limit) ? `${count(n)} of ${count(limit)}` : count(n));

const isOpen = (f) => known(f.next_probe_at);

function tripText(f) {
	if (isOpen(f)) return NONE;
	if (f.trip_rule === "consecutive_failures") return of(f.consecutive_failures, f.failure_threshold);
	const slow = f.trip_rule === "slow_call_rate";
	const [ratio, limit] = slow ? [f.slow_ratio, f.slow_ratio_limit] : [f.failure_ratio, f.failure_ratio_limit];
	return known(ratio) && known(limit) ? `${percent(ratio)} of ${percent(limit)}${slow ? " slow" : ""}` : percent(f.trip_share);
}

const inUse = meter("use_share", "In use", (f) => of(f.in_flight, f.limit), (f) => f.use_share, first);
const calls = perSecond("calls", "Calls/s");
const rejected = perSecond("rejected", "Rejected/s", bad);
const waiting = number("waiting", "Waiting", { ...wide, hint: "calls that wait for their next attempt" });

const KINDS = {
	circuit_breaker: ["Circuit breakers", [
		ticking("next_probe_at", "Next probe", countdown),
		meter("trip_share", "To the trip", tripText, (f) => (isOpen(f) ? undefined : f.trip_share), { ...first, hint: "how far the nearest rule is from opening it" }),
		calls,
		perSecond("failures", "Failed/s", bad),
		perSecond("slow", "Slow/s", wide),
		{ ...rejected, ...wide },
	]],
	bulkhead: ["Bulkheads", [
		inUse,
		meter("queued", "Queue", (f) => of(f.queued, f.queue_limit), (f) => (f.queue_limit > 0 ? f.queued / f.queue_limit : undefined)),
		calls,
		rejected,
		took("queue_p95", "Wait p95", wide),
		took("hold_p95", "Held p95", wide),
		number("peak_in_flight", "Peak", { ...wide, hint: "most in use at once" }),
	]],
	pool: ["Pools", [inUse, number("idle", "Idle"), calls]],
	amqp_connection: ["AMQP connections", [
		text("endpoint", "Endpoint"),
		number("reconnects_total", "Reconnects"),
		perSecond("confirmed", "Confirmed/s", first),
		number("unconfirmed", "Unconfirmed", wide),
	]],
	http_client: ["HTTP clients", [
		{ ...calls, ...first },
		perSecond("errors", "Errors/s", bad),
		number("in_flight", "In flight"),
		took("p50", "p50", wide),
		took("p95", "p95"),
		took("p99", "p99", wide),
	]],
	health_check: ["Health checks", [
		text("importance", "Importance"),
		ticking("last_run_at", "Last run", age),
		took("last_duration", "Took", wide),
		text("output", "Says", { long: true }),
	]],
	retry: ["Retries", [
		calls,
		perSecond("retries", "Retries/s", wide),
		live(percent)("retry_share", "Retry share", { ...first, hint: "retries per call over the last minute" }),
		perSecond("gave_up", "Gave up/s", bad),
		waiting,
	]],
	retry_budget: ["Retry budgets", [
		number("tokens", "Left", { ...first, hint: "retries that it would still allow" }),
		waiting,
		perSecond("spent", "Spent/s"),
		perSecond("suppressed", "Suppressed/s", bad),
	]],
	hedge: ["Hedges", [{ ...calls, ...first }, perSecond("sent", "Hedges/s"), perSecond("won", "Won/s"), took("delay", "Delay")]],
};

/** A kind that this page does not know shows its rate of calls; all else is in its details. */
const kindOf = (kind) => (Object.hasOwn(KINDS, kind) ? KINDS[kind] : [capital(words(kind)), [{ ...calls, ...first }]]);
const kindTitle = (kind) => kindOf(kind)[0];
const kindRank = (kind) => (Object.keys(KINDS).indexOf(kind) + 99) % 99;

/** What of a row goes into its history: the server's `api/history` has the same three series. */
const BAD = ["failures", "rejected", "errors", "gave_up", "suppressed", "not_taken", "create_failures"].map((name) => name + "_per_second");
const SAMPLES = {
	calls: (f) => f.calls_per_second ?? f.confirmed_per_second ?? f.spent_per_second,
	bad: (f) => BAD.reduce((sum, key) => (known(f[key]) ? (sum || 0) + f[key] : sum), undefined),
	use: (f) => f.use_share,
};

/** Who forced it, until when and why; empty if nobody did. */
function forcedText({ state, facts: f }) {
	const mode = [f.mode, state].find((mode) => /^(forced|disabled|shadow)/.test(mode || ""));
	if (!mode) return "";
	const until = known(f.mode_expires_at) ? `until ${moment(f.mode_expires_at)} (${countdown(f.mode_expires_at)} left)` : "until changed";
	return `${words(mode).toUpperCase()}${f.mode_by ? " by " + f.mode_by : ""} ${until}${f.mode_reason ? ": " + f.mode_reason : ""}`;
}
