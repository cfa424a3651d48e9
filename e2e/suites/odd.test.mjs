// What a server, a clock or a name can do to the page that nobody expects. What cannot be brought about from outside
// is given to the page's own functions.

import assert from "node:assert/strict";

import { details, eventually, open, row, test } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const HOUR = 3_600_000;
const LONG = "w".repeat(150) + "-" + "لا".repeat(75);

const quiet = (t) => startServer(t, { flags: ["--quiet"] });

/** As the stream would: a delta with these rows. */
const give = (page, ...components) => page.evaluate((components) => takeDelta({ at: Date.now(), components }), components);

test("a row that leaves things out is shown, and harms no other", async (t) => {
  const server = await quiet(t);
  const page = await open(t, server.url);
  const nothing = { name: null, instance: null, severity: null, state: null, why: null, since: null, actions: null, facts: null };
  await give(page, { id: "bare" }, { ...nothing, id: "nulls", kind: "constructor" }, { id: "new", kind: "flux_capacitor", name: "delorean", severity: 9, facts: { x: null, y: {} } }, { ...nothing, id: "b", kind: "circuit_breaker", name: "void", facts: { trip_share: null, mode: null } });
  await page.evaluate(() => takeDelta({ at: Date.now(), components: null, warnings: null, health: null, removed: null }));
  await row(page, "flux_capacitor", "delorean").waitFor();
  await row(page, "circuit_breaker", "void").getByText("unknown", { exact: true }).waitFor();
  assert.equal(await page.locator("section[data-kind=constructor] tbody tr").count(), 1);
  assert.equal(await page.locator("section[data-kind=other] tbody tr").count(), 1);
  await details(page, "flux_capacitor", "delorean");
  await page.locator("#d-state").getByText("unknown").waitFor();
});

test("without a component the page says so", async (t) => {
  const server = await quiet(t);
  const page = await open(t, server.url);
  await page.evaluate(() => takeDelta({ at: Date.now(), removed: [...components.keys()] }));
  await page.locator("#nothing").getByText("No components yet.").waitFor();
  assert.equal(await page.locator("#tables section:visible").count(), 0);
});

test("names of three hundred letters, from right to left, stay in their places", async (t) => {
  const server = await quiet(t);
  for (const width of [360, 1500]) {
    const page = await open(t, server.url, { width, height: 740 });
    const turned = "\u202Eegami\u202Cno";
    await give(page, ...[LONG, turned].map((name, i) => ({ id: `circuit_breaker/${name}/1`, kind: "circuit_breaker", name, instance: 1, severity: 3, state: "open", why: LONG, facts: { mode: "forced_open", mode_by: LONG, mode_reason: turned } })));
    await page.evaluate((name) => takeEvent({ seq: Number.MAX_SAFE_INTEGER, at: Date.now(), kind: "control", severity: 2, name, text: name, by: name, component: `circuit_breaker/${name}/1` }), LONG);
    const over = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok((await over()) <= 0, `the page is ${await over()} px too wide at ${width} px`);
    const isolated = page.locator("section[data-kind=circuit_breaker] tr :is(.name, .forced), #log li div, #log li .name, #warnings li");
    const ways = await isolated.evaluateAll((nodes) => [...new Set(nodes.map((node) => getComputedStyle(node).unicodeBidi))]);
    assert.deepEqual(ways, ["isolate"], "a name turns nothing around but itself");
    const tall = await row(page, "circuit_breaker", LONG).evaluate((node) => node.getBoundingClientRect().height);
    assert.ok(tall < 740, `one row is ${tall} px high at ${width} px`);
    const dialog = await details(page, "circuit_breaker", LONG);
    assert.equal(await dialog.evaluate((node) => node.scrollWidth - node.clientWidth), 0, "the details fit");
  }
});

test("ages are told by the server's clock, however wrong it or ours is", async (t) => {
  const server = await quiet(t);
  const page = await open(t, server.url);
  const told = await page.evaluate((hour) => [-48 * hour, 3 * hour].map((off) => {
    const at = Date.now() + off;
    takeDelta({ at, components: [] });
    return [age(at - 5000), countdown(at + 5000), fact("next_try_at", at + 5000).replace(/.* \(/, "(")];
  }), HOUR);
  for (const [since, until, next] of told) {
    assert.match(since, /^[56]\ss$/u);
    assert.match(until, /^[45]\ss$/u);
    assert.match(next, /^\(in [45]\ss\)$/u);
  }
});

test("a clock of ours that is set back hides no loss of the stream", async (t) => {
  const server = await quiet(t);
  const page = await open(t, server.url);
  await page.evaluate((hour) => {
    const real = Date.now;
    Date.now = () => real() - hour;
  }, HOUR);
  await server.kill();
  await page.locator("#stream[data-state=stale]").waitFor();
  await eventually("it is announced", async () => /lost/.test(await page.locator("#live").textContent()));
});

test("what cannot be read is not taken for news", async (t) => {
  const server = await quiet(t);
  const page = await open(t, server.url);
  page.forgive();
  await page.evaluate(() => {
    const real = JSON.parse;
    JSON.parse = (text) => (window.readable ? real(text) : real("{"));
  });
  await page.locator("#stream[data-state=stale]").waitFor();
  await page.evaluate(() => (window.readable = true));
  await page.locator("#stream[data-state=live]").waitFor();
});

test("after an hour out of sight nothing is called live before it has been heard", async (t) => {
  const server = await quiet(t);
  const page = await open(t, server.url, {
    before: (fresh) => fresh.addInitScript(() => {
      let hidden = false;
      Object.defineProperty(document, "hidden", { get: () => hidden });
      window.hide = (on) => {
        hidden = on;
        document.dispatchEvent(new Event("visibilitychange"));
      };
    }),
  });
  await page.evaluate(() => window.hide(true));
  const state = await page.evaluate((hour) => {
    stream.heard -= hour;
    window.hide(false);
    return document.getElementById("stream").dataset.state;
  }, HOUR);
  assert.equal(state, "connecting");
  await page.locator("#stream[data-state=live]").waitFor();
  assert.equal(await page.locator("#banner").isHidden(), true);
});

test("a storm of events leaves the log short and the server in peace", async (t) => {
  const server = await quiet(t);
  const page = await open(t, server.url);
  await details(page, "circuit_breaker", "payments");
  await page.locator("#d-none, #d-events li").first().waitFor();
  const asked = () => page.asked.filter((url) => url.includes("api/components/")).length;
  const before = asked();
  const [spent, kept] = await page.evaluate(() => {
    const begun = performance.now();
    for (let n = 1; n <= 3000; n += 1) takeEvent({ seq: log.last + 1, at: Date.now(), kind: "breaker_transition", severity: 3, name: "payments", component: "circuit_breaker/payments/1", text: `storm ${n}` });
    return [performance.now() - begun, log.events.length];
  });
  t.diagnostic(`3000 events took ${Math.round(spent)} ms`);
  assert.equal(kept, 1000);
  await eventually("the latest is shown", async () => /storm 3000/.test(await page.locator("#log li").first().textContent()));
  assert.equal(await page.locator("#log li").count(), 200);
  await eventually("the details are read once more", () => asked() > before);
  assert.ok(asked() - before <= 2, `${asked() - before} questions for 3000 events`);
});

test("the focus stays where it is when a table gets another column", async (t) => {
  const server = await quiet(t);
  const page = await open(t, server.url);
  const focus = () => page.evaluate(() => document.activeElement.textContent);
  const facts = { in_flight: 1, limit: 8, use_share: 0.1 };
  const reports = { id: "bulkhead/reports/1", kind: "bulkhead", name: "reports", instance: 1, severity: 0, state: "ok", facts };
  await row(page, "bulkhead", "reports").getByRole("button").focus();
  await give(page, { ...reports, severity: 1, facts: { ...facts, hold_p95_ms: 5 } });
  await page.locator("section[data-kind=bulkhead] thead").getByText("Held p95").waitFor();
  assert.equal(await focus(), "reports");
  await page.locator("section[data-kind=bulkhead] thead").getByRole("button", { name: "In use" }).focus();
  await give(page, { ...reports, facts: { ...facts, queue_p95_ms: 5 } });
  await page.locator("section[data-kind=bulkhead] thead").getByText("Wait p95").waitFor();
  assert.equal(await focus(), "In use");
});
