// Five hundred components: what a second costs the browser and the wire.

import assert from "node:assert/strict";
import { test } from "node:test";

import { breaker, eventually, open } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const SECTION = "section[data-kind=circuit_breaker]";

/** Counts the changes of the tables, and what they touch, until `stop`. */
const watchTables = (page) => page.evaluate(() => {
  window.touched = { changes: 0, moves: 0, rows: new Set() };
  const observer = new MutationObserver((records) => {
    for (const { type, target, addedNodes, removedNodes } of records) {
      window.touched.changes += 1;
      const element = target.nodeType === 1 ? target : target.parentElement;
      window.touched.rows.add(element?.closest("tr")?.querySelector(".name")?.textContent);
      if (type === "childList" && target.tagName === "TBODY") window.touched.moves += addedNodes.length + removedNodes.length;
    }
  });
  observer.observe(document.getElementById("tables"), { subtree: true, childList: true, characterData: true, attributes: true });
});
const touched = (page) => page.evaluate(() => ({ ...window.touched, rows: [...window.touched.rows] }));

test("a delta touches the rows that changed and no other", async (t) => {
  const server = await startServer(t, { flags: ["--components", "500", "--quiet"] });
  const page = await open(t, server.url);
  await page.locator(`${SECTION} .more`).click();
  await eventually("all are shown", async () => (await page.locator(`${SECTION} tbody tr`).count()) === 500);
  // Ages in seconds move by themselves; what is measured are the deltas.
  await page.evaluate(() => (window.setInterval = () => 0));
  await eventually("ages are told by the minute", async () => (await page.locator(`${SECTION} tbody time`).first().innerText()) !== "" , 2000);
  await watchTables(page);
  await server.play("trip?name=shard-400");
  await breaker(page, "shard-400").getByText("open", { exact: true }).waitFor();
  const { rows, moves } = await touched(page);
  assert.ok(moves <= 4, `${moves} rows were moved for one that opened`);
  assert.ok(rows.includes("shard-400"));
  assert.match(await page.locator(`${SECTION} tbody tr`).first().innerText(), /shard-400/);
});

test("five hundred idle components cost a second next to nothing", async (t) => {
  const server = await startServer(t, { flags: ["--components", "500", "--quiet"] });
  const page = await open(t, server.url);
  await page.locator(`${SECTION} .more`).click();
  await eventually("all are shown", async () => (await page.locator(`${SECTION} tbody tr`).count()) === 500);
  let bytes = 0;
  page.devtools.on("Network.dataReceived", ({ dataLength }) => (bytes += dataLength));
  const deltas = await page.evaluate(() => new Promise((resolve) => {
    const source = new EventSource("api/stream");
    let seen = 0;
    source.addEventListener("delta", () => (seen += 1) === 5 && resolve(source.close() ?? seen));
  }));
  t.diagnostic(`${bytes} bytes with two snapshots and ${deltas} deltas`);
  assert.equal(deltas, 5);
});

test("five hundred busy ones stay quick, and the filter finds one of them", async (t) => {
  const server = await startServer(t, { flags: ["--components", "500"] });
  const page = await open(t, server.url);
  assert.equal(await page.locator(`${SECTION} tbody tr`).count(), 100, "the worst hundred at first");
  await page.locator(`${SECTION} .more`).click();
  await eventually("all are shown", async () => (await page.locator(`${SECTION} tbody tr`).count()) === 500);
  await page.devtools.send("Performance.enable");
  const metrics = async () => Object.fromEntries((await page.devtools.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
  const before = await metrics();
  await page.waitForTimeout(5000);
  const after = await metrics();
  const each = (name) => (((after[name] - before[name]) * 1000) / 5).toFixed(1);
  t.diagnostic(`each second: ${each("ScriptDuration")} ms of script, ${each("RecalcStyleDuration")} ms of style, ${each("LayoutDuration")} ms of layout`);
  await page.locator("#filter").fill("shard-321");
  await eventually("one is left", async () => (await page.locator("#tables tbody tr").count()) === 1);
  await page.locator("#filter").fill("");
  await page.locator("#problems").check();
  await eventually("only problems are left", async () => (await page.locator("#tables tr[data-s='0']").count()) === 0);
  await page.locator("#kind").selectOption("health_check");
  await eventually("of one kind", async () => (await page.locator("#tables section:visible").count()) === 1);
});
