// The page never passes off the old as new, and recovers by itself.

import assert from "node:assert/strict";

import { breaker, eventually, open, test, visit } from "./support/browser.mjs";
import { startServer, startWire } from "./support/server.mjs";

test("a restart of the server shows the banner, then the new instance", async (t) => {
  const first = await startServer(t);
  const page = await open(t, first.url);
  const instance = await page.locator("#instance").innerText();
  await first.kill();
  await page.locator("#banner").waitFor();
  assert.match(await page.locator("#banner").innerText(), /Reconnecting by itself/);
  await page.locator("#stream[data-state=stale]").waitFor();
  await startServer(t, { port: first.port });
  await page.locator("#stream[data-state=live]").waitFor();
  await page.locator("#banner").waitFor({ state: "hidden" });
  assert.notEqual(await page.locator("#instance").innerText(), instance);
  assert.match(await page.locator("#log").innerText(), /the server has restarted/);
  await breaker(page).getByText("closed", { exact: true }).waitFor();
});

test("a server that stops says so, and is not held up by an open page", async (t) => {
  const server = await startServer(t);
  const page = await open(t, server.url);
  const begun = performance.now();
  await server.play("stop");
  assert.equal(await Promise.race([server.exited.then(() => "stopped"), new Promise((resolve) => setTimeout(resolve, 5000, "held up"))]), "stopped");
  t.diagnostic(`stopped in ${Math.round(performance.now() - begun)} ms with a page open`);
  await page.locator("#banner").getByText("The server is shutting down").waitFor();
});

test("a stream that says nothing is stale although its connection is open", async (t) => {
  const server = await startServer(t);
  const page = await open(t, server.url, {
    // A stream that is open and silent, in the place of the browser's, once asked for.
    before: (fresh) => fresh.addInitScript(() => {
      const Real = window.EventSource;
      window.EventSource = class extends Real {
        addEventListener(name, handle) {
          super.addEventListener(name, (message) => window.silent || handle(message));
        }
      };
    }),
  });
  await page.evaluate(() => (window.silent = true));
  await page.locator("#banner").waitFor();
  await page.evaluate(() => (window.silent = false));
  await page.locator("#banner").waitFor({ state: "hidden" });
});

test("where the stream is refused the snapshot is read instead, until the stream is back", async (t) => {
  const server = await startServer(t);
  const refuse = (route) => route.fulfill({ status: 503, contentType: "application/json", body: '{"error":"full"}' });
  const page = await visit(t, server.url, {
    before: async (fresh) => {
      await fresh.route("**/api/stream", refuse);
      await fresh.addInitScript(() => {
        const [set, clear] = [window.setTimeout, window.clearTimeout];
        window.pending = new Map();
        window.setTimeout = (act, wait) => {
          const id = set(() => window.pending.delete(id) && act(), wait);
          window.pending.set(id, wait);
          return id;
        };
        window.clearTimeout = (id) => clear(id, window.pending.delete(id));
      });
    },
  });
  await page.locator("#stream[data-state=polling]").waitFor({ timeout: 25000 });
  assert.match(await page.locator("#banner").innerText(), /read anew every 5 seconds/);
  await server.play("trip?name=payments");
  await breaker(page).getByText("open", { exact: true }).waitFor();
  assert.ok(await page.evaluate(() => [...window.pending.values()].includes(5000)), "another reading is due");
  await page.unroute("**/api/stream");
  await page.locator("#stream[data-state=live]").waitFor({ timeout: 25000 });
  await page.locator("#banner").waitFor({ state: "hidden" });
  assert.ok(await page.evaluate(() => ![...window.pending.values()].includes(5000)), "no reading is due any more");
});

test("what the sparklines have missed is read anew while the page polls, and when the stream is back", async (t) => {
  const server = await startServer(t);
  const wire = await startWire(t, server.port);
  const page = await open(t, wire.url);
  const spark = breaker(page).locator(".spark");
  const isDrawn = (what) => eventually(what, async () => /Calls: now/.test(await spark.getAttribute("aria-label")));
  // As after a while in which nothing was sampled.
  const forget = () => page.evaluate(() => {
    const item = components.get("circuit_breaker/payments/1");
    item.history = emptyHistory();
    redrawSpark(item);
    sampled -= 2 * STEP * 1000;
  });
  await isDrawn("a sparkline is drawn");
  await page.route("**/api/stream", (route) => route.fulfill({ status: 503, contentType: "application/json", body: '{"error":"full"}' }));
  wire.cut();
  wire.mend();
  await page.locator("#stream[data-state=polling]").waitFor({ timeout: 25000 });
  await forget();
  assert.equal(await spark.getAttribute("aria-label"), "No history.");
  await isDrawn("it is read anew with the snapshot");
  await page.route("**/api/snapshot", (route) => route.abort());
  await forget();
  await page.unroute("**/api/stream");
  await page.locator("#stream[data-state=live]").waitFor({ timeout: 25000 });
  await isDrawn("it is read anew with the stream");
});

test("a stream that has reached its age is opened anew without a word", async (t) => {
  const server = await startServer(t, { flags: ["--max-age", "2"] });
  const page = await open(t, server.url);
  const streams = () => page.asked.filter((url) => url.endsWith("/api/stream")).length;
  await page.evaluate(() => {
    window.banners = 0;
    new MutationObserver(() => (window.banners += document.getElementById("banner").hidden ? 0 : 1)).observe(document.getElementById("banner"), { attributes: true });
  });
  await eventually("it is opened three times", () => streams() >= 3);
  await page.locator("#stream[data-state=live]").waitFor();
  assert.equal(await page.evaluate(() => window.banners), 0);
});

test("a control that gets no answer says that it may have been done", async (t) => {
  const server = await startServer(t);
  const wire = await startWire(t, server.port);
  const page = await open(t, wire.url, { operator: "alice" });
  await breaker(page).getByRole("button", { name: "payments", exact: true }).click();
  await page.locator("#d-actions").getByRole("button", { name: "Reset" }).click();
  await page.locator("#c-reason").fill("to see what comes");
  wire.cut();
  await page.locator("#c-go").click();
  await page.locator("#c-error").getByText("may or may not have been done").waitFor();
  assert.equal(await page.locator("#c-go").isEnabled(), true);
});
