// Five hundred components: what a second costs the browser and the wire.

import assert from "node:assert/strict";

import { breaker, eventually, open, test } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const SECTION = "section[data-kind=circuit_breaker]";

/** Notes which rows the tables change, and how many they move. Ages and sparklines go by the clock, not by deltas. */
const watchTables = (page) => page.evaluate(() => {
  window.touched = { changes: 0, moves: 0, rows: [] };
  const observer = new MutationObserver((records) => {
    for (const { type, target, addedNodes, removedNodes } of records) {
      const element = target.nodeType === 1 ? target : target.parentElement;
      if (element?.closest("time, .spark, .trend")) continue;
      window.touched.changes += 1;
      const name = element?.closest("tr")?.querySelector(".name")?.textContent;
      if (name && !window.touched.rows.includes(name)) window.touched.rows.push(name);
      if (type === "childList" && target.tagName === "TBODY") window.touched.moves += addedNodes.length + removedNodes.length;
    }
  });
  observer.observe(document.querySelector("section[data-kind=circuit_breaker] tbody"), { subtree: true, childList: true, characterData: true, attributes: true });
});

/** Waits for so many deltas, and tells how many characters they had. */
const deltas = (page, n) => new Promise((resolve) => {
  let size = 0;
  const count = ({ eventName, data }) => {
    if (eventName !== "delta") return;
    size += data.length;
    n -= 1;
    if (n > 0) return;
    page.devtools.off("Network.eventSourceMessageReceived", count);
    resolve(size);
  };
  page.devtools.on("Network.eventSourceMessageReceived", count);
});

/** The first rates come with the second look at the counters, and change every row once. */
const haveRates = (page) => eventually("there are rates", () => page.evaluate(() => [...document.querySelectorAll("section[data-kind=circuit_breaker] tbody tr")].every((row) => row.querySelectorAll("td.n")[1].textContent !== "–")));

test("a delta touches the row that changed and no other of five hundred", async (t) => {
  const server = await startServer(t, { flags: ["--components", "500", "--quiet"] });
  const page = await open(t, server.url);
  await page.locator(`${SECTION} .more`).click();
  await eventually("all are shown", async () => (await page.locator(`${SECTION} tbody tr`).count()) === 500);
  await haveRates(page);
  await watchTables(page);
  await server.play("trip?name=shard-400");
  await breaker(page, "shard-400").getByText("open", { exact: true }).waitFor();
  assert.match(await page.locator(`${SECTION} tbody tr`).first().innerText(), /shard-400/);
  await deltas(page, 2);
  await server.play("heal?name=shard-400");
  await breaker(page, "shard-400").getByText("closed", { exact: true }).waitFor();
  const { rows, moves, changes } = await page.evaluate(() => window.touched);
  t.diagnostic(`${changes} changes and ${moves} moves for a breaker among 500 that opened and was healed`);
  assert.deepEqual(rows, ["shard-400"]);
  assert.ok(moves <= 16, `${moves} rows were moved for one that went up and down`);
  assert.ok(changes <= 200, `${changes} changes for one row`);
});

test("five hundred stay quick, and the filter finds one of them", async (t) => {
  const server = await startServer(t, { flags: ["--components", "500"] });
  const page = await open(t, server.url);
  assert.equal(await page.locator(`${SECTION} tbody tr`).count(), 100, "the worst hundred at first");
  await page.locator(`${SECTION} .more`).click();
  await eventually("all are shown", async () => (await page.locator(`${SECTION} tbody tr`).count()) === 500);
  await haveRates(page);
  await page.devtools.send("Performance.enable");
  const metrics = async () => Object.fromEntries((await page.devtools.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
  const before = await metrics();
  const bytes = await deltas(page, 5);
  const after = await metrics();
  const each = (name) => (((after[name] - before[name]) * 1000) / 5).toFixed(1);
  t.diagnostic(`each second: ${each("ScriptDuration")} ms of script, ${each("RecalcStyleDuration")} ms of style, ${each("LayoutDuration")} ms of layout, ${Math.round(bytes / 5)} bytes`);
  assert.ok(bytes / 5 < 50_000, `${bytes / 5} bytes a second`);
  await page.locator("#filter").fill("shard-321");
  await eventually("one is left", async () => (await page.locator("#tables tbody tr").count()) === 1);
  await page.locator("#filter").fill("");
  await page.locator("#problems").check();
  await eventually("only problems are left", async () => (await page.locator("#tables tr[data-s='0']").count()) === 0);
  await page.locator("#kind").selectOption("health_check");
  await eventually("of one kind", async () => (await page.locator("#tables section:visible").count()) === 1);
});
