// The pictures of the README. With STEADFAST_BLESS=1 they are taken anew; else nothing is written.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { breaker, eventually, open, test } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const DOCS = fileURLToPath(new URL("../../dashboard/docs/", import.meta.url));
const SIZES = { wide: { width: 1500, height: 740 }, narrow: { width: 360, height: 740 } };
/** How long the server has run when the pictures are taken: long enough for curves. */
const STORY = 100_000;

/** Something to look at: an outage and its end, another one, a full bulkhead, a breaker that somebody has forced. */
async function tell(server) {
  const pause = (part) => new Promise((resolve) => setTimeout(resolve, STORY * part));
  const control = (body) => fetch(`${server.url}/api/control`, { method: "POST", headers: { operator: "alice", "content-type": "application/json", "x-resilience-csrf": "1", origin: server.origin }, body: JSON.stringify(body) });
  await pause(0.3);
  await server.play("outage?name=search&on=1");
  await pause(0.2);
  await server.play("outage?name=search&on=0");
  await server.play("fill?on=1");
  await pause(0.2);
  await server.play("fill?on=0");
  await control({ action: "force_open", component: "circuit_breaker/mail/1", reason: "the mail host is being moved", for_seconds: 3600 });
  await pause(0.3);
}

test("the page looks as in the README", async (t) => {
  const server = await startServer(t);
  if (process.env.STEADFAST_BLESS) await tell(server);
  await server.play("outage?name=payments&on=1");
  await eventually("there is something to see", async () => (await server.snapshot()).components.some(({ kind, name, state }) => kind === "circuit_breaker" && name === "payments" && state === "open"));
  for (const colorScheme of ["light", "dark"]) {
    for (const [name, size] of Object.entries(SIZES)) {
      const page = await open(t, server.url, { ...size, colorScheme });
      await eventually("the past is drawn", async () => /now/.test(await breaker(page).locator(".spark").getAttribute("aria-label")));
      const picture = await page.screenshot();
      const path = `${DOCS}${name}-${colorScheme}.png`;
      if (process.env.STEADFAST_BLESS) writeFileSync(path, picture);
      // The pixels differ from run to run, the size does not.
      const dimensions = (png) => [png.readUInt32BE(16), png.readUInt32BE(20)];
      assert.deepEqual(dimensions(picture), dimensions(readFileSync(path)), `${path}: take it anew with STEADFAST_BLESS=1`);
    }
  }
}, 60_000 + STORY);
