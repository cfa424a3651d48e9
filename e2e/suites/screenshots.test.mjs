// The pictures of the README. With STEADFAST_BLESS=1 they are taken anew; else nothing is written.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { breaker, eventually, open } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const DOCS = fileURLToPath(new URL("../../dashboard/docs/", import.meta.url));
const SIZES = { wide: { width: 1280, height: 860 }, narrow: { width: 360, height: 740 } };

test("the page looks as in the README", async (t) => {
  const server = await startServer(t);
  await server.play("outage?name=payments&on=1");
  await eventually("there is something to see", async () => (await server.snapshot()).components.some(({ name, state }) => name === "payments" && state === "open"));
  for (const colorScheme of ["light", "dark"]) {
    for (const [name, size] of Object.entries(SIZES)) {
      const page = await open(t, server.url, { ...size, colorScheme });
      await breaker(page).getByText("open", { exact: true }).waitFor();
      const picture = await page.screenshot();
      const path = `${DOCS}${name}-${colorScheme}.png`;
      if (process.env.STEADFAST_BLESS) writeFileSync(path, picture);
      // The pixels differ from run to run, the size does not.
      const dimensions = (png) => [png.readUInt32BE(16), png.readUInt32BE(20)];
      assert.deepEqual(dimensions(picture), dimensions(readFileSync(path)), `${path}: take it anew with STEADFAST_BLESS=1`);
    }
  }
});
