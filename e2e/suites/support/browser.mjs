// One Chromium for a suite, and pages that notice what must never happen on them.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, test as nodeTest } from "node:test";

const require = createRequire(`${process.env.STEADFAST_E2E_MODULES}/`);
const { chromium } = require("playwright-core");
const AXE = require.resolve("axe-core/axe.min.js");

// CI is root, for which Chromium has no sandbox; the others keep it from asking for anything on the network.
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"];

/** A test that ends in a minute, whatever hangs. */
export const test = (name, body, timeout = 60_000) => nodeTest(name, { timeout }, body);

let browser;
after(() => browser?.close());

/**
 * Opens the page at `url` as the operator, if one is given. At the end of the test it fails if the page has broken its
 * content security policy, thrown, or asked anybody but its own server for anything.
 */
export async function visit(t, url, { width = 1280, height = 900, colorScheme = "light", operator, before, scale = 1 } = {}) {
  browser ??= await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, deviceScaleFactor: scale, reducedMotion: "reduce", permissions: ["clipboard-read", "clipboard-write"] });
  const { origin } = new URL(url);
  if (operator) await context.addCookies([{ name: "operator", value: operator, url: origin }]);
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  let excused = false;
  const wrong = [];
  const asked = [];
  page.on("pageerror", (error) => wrong.push(`threw ${error.stack}`));
  page.on("console", (message) => /Content Security Policy|Refused to/.test(message.text()) && wrong.push(message.text()));
  page.on("dialog", (dialog) => {
    wrong.push(`opened a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.addInitScript(() => document.addEventListener("securitypolicyviolation", (event) => console.error(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI}`)));
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  devtools.on("Network.requestWillBeSent", ({ request }) => asked.push(request.url));
  await before?.(page);
  const response = await page.goto(url);
  t.after(async () => {
    await context.close();
    if (excused) return;
    assert.deepEqual(wrong, []);
    assert.deepEqual(asked.filter((one) => !/^(data|blob):/.test(one) && new URL(one).origin !== origin), []);
  });
  /** What was done on purpose is no fault of the page. */
  const forgive = () => (excused = true);
  return Object.assign(page, { asked, devtools, response, forgive });
}

/** The same, once the stream is live and the tables are filled. */
export async function open(t, url, options) {
  const page = await visit(t, url, options);
  await page.locator("#stream[data-state=live]").waitFor();
  await page.locator("tbody tr").first().waitFor();
  return page;
}

/** The row of a component in its table. */
export const row = (page, kind, name) => page.locator(`section[data-kind="${kind}"] tbody tr`).filter({ has: page.getByRole("button", { name, exact: true }) });
export const breaker = (page, name = "payments") => row(page, "circuit_breaker", name);

/** Opens the details of a component. */
export async function details(page, kind, name) {
  await row(page, kind, name).getByRole("button", { name, exact: true }).click();
  const dialog = page.locator("#detail");
  await dialog.waitFor();
  return dialog;
}

/** Waits until `look` tells something true, and returns it. */
export async function eventually(what, look, limit = 15000) {
  const end = performance.now() + limit;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() > end) assert.fail(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What axe finds serious or critical. */
export async function barriers(page) {
  if (!(await page.evaluate(() => "axe" in window))) {
    // As a person with developer tools: the page's own policy would refuse a script of ours.
    const source = await import("node:fs").then((fs) => fs.readFileSync(AXE, "utf8"));
    await page.evaluate(source);
  }
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, nodes }) => `${id}: ${nodes.slice(0, 5).map((node) => `${node.html} (${node.failureSummary})`).join("; ")}`);
}
