// What happens is on the page at once, and stays right.

import assert from "node:assert/strict";

import { breaker, details, eventually, open, row, test } from "./support/browser.mjs";
import { startServer, startWire } from "./support/server.mjs";

test("a breaker that opens is shown, told, counted down, and shown as it heals", async (t) => {
  const server = await startServer(t);
  const page = await open(t, server.url);
  await breaker(page).getByText("closed", { exact: true }).waitFor();
  await server.play("outage?name=payments&on=1");
  await breaker(page).getByText("open", { exact: true }).waitFor();
  const first = page.locator("section[data-kind=circuit_breaker] tbody tr").first();
  assert.match(await first.innerText(), /payments/, "the worst is first");
  assert.match(await breaker(page).locator(".why").innerText(), /\w/);
  assert.match(await page.locator("#log li").filter({ hasText: "payments" }).first().innerText(), /closed → open/);
  assert.match(await page.locator("#warnings").innerText(), /payments/);
  await eventually("the transition is announced", async () => /payments: closed -> open/.test(await page.locator("#live").textContent()));
  const probe = () => breaker(page).locator(".gauge").innerText();
  const seen = new Set();
  await eventually("the time to the next probe counts down", async () => {
    seen.add(await probe());
    return [...seen].filter((text) => /^probe in \d+\ss$/.test(text)).length >= 3;
  });
  await server.play("outage?name=payments&on=0");
  await server.play("heal?name=payments");
  await breaker(page).getByText("closed", { exact: true }).waitFor();
});

test("an open breaker says what has opened it, and its details what went wrong how often and when", async (t) => {
  const server = await startServer(t);
  const page = await open(t, server.url);
  await server.play("quiet");
  await server.play("heal?name=payments");
  const wait = { timeout: 10_000 };
  let dialog = await details(page, "circuit_breaker", "stock");
  await dialog.locator("#d-values tr").first().waitFor({ state: "attached" });
  const before = await dialog.locator("#d-errors tr").count();
  assert.equal(await dialog.locator("#d-errors-box").isVisible(), before > 0, "without errors there is no table of them");
  await page.keyboard.press("Escape");
  await server.play("trip?name=payments");
  await breaker(page).getByText("open", { exact: true }).waitFor(wait);
  assert.match(await breaker(page).locator(".why").innerText(), /failed; last error: connect: connection refused/);
  dialog = await details(page, "circuit_breaker", "payments");
  const cells = dialog.locator("#d-errors tr").first().locator("th,td");
  await eventually("the table of errors is there", async () => (await cells.count()) === 5);
  const [kind, message, count, first, last] = await cells.allInnerTexts();
  assert.deepEqual([kind, message], ["connect", "connection refused"]);
  assert.ok(Number(count) >= 5, count);
  assert.match(first, /^\d\d:\d\d:\d\d$/);
  assert.match(last, /^\d\d:\d\d:\d\d$/);
  assert.ok(!/last_errors/.test(await dialog.locator("#d-values").textContent()), "told once");
  await server.play("quiet?on=0");
});

test("a bulkhead and a health check show what happens to them", async (t) => {
  const server = await startServer(t);
  const page = await open(t, server.url);
  await server.play("fill?on=1");
  const reports = row(page, "bulkhead", "reports");
  await reports.getByText("8 of 8").waitFor();
  assert.equal(await reports.locator("meter").first().evaluate((meter) => meter.value), 1);
  await server.play("check?ok=0");
  await row(page, "health_check", "database").getByText("unhealthy", { exact: true }).waitFor();
  await page.locator("#health").getByText("not ready").waitFor();
  await server.play("fill?on=0");
  await reports.getByText(/^[0-7] of 8$/).waitFor();
});

test("the past is there at load, in sparklines and in the details", async (t) => {
  const server = await startServer(t);
  await eventually("the server has a history", async () => {
    const { series } = await (await fetch(`${server.url}/api/history`)).json();
    return series["circuit_breaker/payments/1"]?.calls?.some((value) => value > 0);
  });
  const page = await open(t, server.url);
  const spark = breaker(page).locator(".spark");
  await eventually("a sparkline is drawn", async () => /Calls: now/.test(await spark.getAttribute("aria-label")));
  const dialog = await details(page, "circuit_breaker", "payments");
  await eventually("a chart is drawn", async () => (await dialog.locator("#d-chart .calls").getAttribute("d")).length > 0);
  assert.match(await dialog.locator("#d-summary").innerText(), /The last 5.min\. Calls: now/);
  await dialog.getByText("As a table").click();
  assert.ok((await dialog.locator("#d-rows tr").count()) >= 1);
  await dialog.locator("#d-span").selectOption("hour");
  await eventually("an hour is drawn", async () => /The last 1.h\./.test(await dialog.locator("#d-summary").innerText()));
  assert.match(await dialog.locator("#d-facts").innerText(), /Window calls/);
  await dialog.getByText("Settings and all values").click();
  assert.match(await dialog.locator("#d-values").innerText(), /breaker/);
});

test("what happened while the wire was cut is in the log when it is mended, once", async (t) => {
  const server = await startServer(t, { flags: ["--quiet"] });
  const wire = await startWire(t, server.port);
  const page = await open(t, wire.url);
  wire.cut();
  await page.locator("#banner").waitFor();
  await server.play("trip?name=payments");
  await server.play("flood?events=300");
  wire.mend();
  await page.locator("#stream[data-state=live]").waitFor();
  await breaker(page).getByText("open", { exact: true }).waitFor();
  await page.locator("#log-filter").fill("event ");
  await eventually("all of it is there", async () => (await page.locator("#log-count").innerText()) === "latest 200 of 300");
  await page.locator("#log-filter").fill("closed -> open");
  await eventually("the transition is there", async () => (await page.locator("#log li").count()) === 1);
});

test("a hidden page holds no stream, and catches up when it is seen again", async (t) => {
  const server = await startServer(t, { flags: ["--quiet"] });
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
  const ended = page.waitForEvent("requestfailed", (request) => request.url().endsWith("/api/stream"));
  await page.evaluate(() => window.hide(true));
  await ended;
  await server.play("flood?events=300");
  await server.play("trip?name=payments");
  // What happens while the missing events are on their way comes after them.
  await page.route("**/api/events?*", async (route) => {
    const response = await route.fetch();
    await server.play("trip?name=stock");
    await breaker(page, "stock").getByText("open", { exact: true }).waitFor();
    await route.fulfill({ response });
  });
  await page.evaluate(() => window.hide(false));
  await breaker(page).getByText("open", { exact: true }).waitFor();
  await page.locator("#log-filter").fill("event ");
  await eventually("more than a snapshot holds is there, once", async () => (await page.locator("#log-count").innerText()) === "latest 200 of 300");
  await page.locator("#log-filter").fill("closed → open");
  await eventually("in the order in which it happened", async () => /stock[^]*payments/.test(await page.locator("#log").innerText()));
  assert.equal(await page.locator("#banner").isHidden(), true);
});

test("the log filters, pauses, copies and exports", async (t) => {
  const server = await startServer(t, { flags: ["--quiet"] });
  const page = await open(t, server.url);
  await server.play("flood?events=20");
  await page.locator("#log").getByText("event 19").waitFor();
  await page.locator("#log-pause").click();
  await server.play("trip?name=payments");
  await eventually("it says what is held back", async () => /paused, [1-9]\d* new/.test(await page.locator("#log-count").innerText()));
  assert.equal(await page.locator("#log").getByText("closed → open").count(), 0);
  await page.locator("#log-pause").click();
  await page.locator("#log").getByText("closed → open").first().waitFor();
  await page.locator("#log-severity").selectOption("3");
  await eventually("only what is critical is left", async () => (await page.locator("#log li").count()) === 1);
  await page.locator("#log-copy").click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^\d{4}-.* critical breaker_transition payments: closed -> open/);
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#log-export").click()]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  const exported = JSON.parse(Buffer.concat(chunks).toString());
  assert.equal(exported.events.length, 1);
  assert.equal(exported.events[0].name, "payments");
  assert.equal(exported.process.service, "playground");
});

test("numbers and times are told in few words", async (t) => {
  const server = await startServer(t, { flags: ["--quiet"] });
  const page = await open(t, server.url);
  const told = await page.evaluate(() => {
    const at = now();
    return [
      [rate(undefined), rate(0), rate(0.01), rate(9.96), rate(12.4), rate(1234567)],
      [percent(0), percent(0.004), percent(0.05), percent(0.5), percent(1), percent(NaN)],
      [millis(0), millis(0.2), millis(999), millis(1500), millis(61000)],
      [span(0), span(59_000), span(61_000), span(3_600_000), span(90_000_000)],
      [age(at - 90_000), age(at + 5000), age(null), countdown(at - 1), moment(NaN), iso(1e99)],
      [fact("blocked", true), fact("retry_share", 0.055), fact("total_calls", 12345), fact("name", "<b>"), fact("x", null)],
      [of(3, undefined), of(3, 4), of(undefined, 4), roundUp(0), roundUp(7), roundUp(41), roundUp(0.03)],
    ].map((list) => list.map((text) => String(text).replaceAll("\u00a0", " ")));
  });
  assert.deepEqual(told, [
    ["–", "0", "<0.1", "10.0", "12", "1.2 M"],
    ["0 %", "0.4 %", "5 %", "50 %", "100 %", "–"],
    ["0 ms", "<1 ms", "999 ms", "1.5 s", "1 min 1 s"],
    ["0 s", "59 s", "1 min 1 s", "1 h", "1 d 1 h"],
    ["1 min", "0 s", "–", "due", "–", ""],
    ["yes", "5.5 %", "12,345", "<b>", "–"],
    ["3", "3 of 4", "–", "1", "10", "100", "0.04"],
  ]);
});
