// What comes from outside is text, the page keeps to its own server, and its host decides who sees it.

import assert from "node:assert/strict";

import { breaker, details, eventually, open, test, visit } from "./support/browser.mjs";
import { startServer, startWire } from "./support/server.mjs";

const MARKUP = "<img src=x onerror=alert(1)>";

test("markup in names is shown as it is written, everywhere", async (t) => {
  const server = await startServer(t);
  const page = await open(t, server.url, { operator: "<b>alice</b>" });
  await breaker(page, MARKUP).waitFor();
  await breaker(page, `a/b "c" & d'e`).waitFor();
  const dialog = await details(page, "circuit_breaker", MARKUP);
  assert.equal(await dialog.locator("h2").innerText(), MARKUP);
  await eventually("its history is read by that name", async () => (await page.locator("#d-values tr").count()) > 0);
  await page.locator("#d-actions").getByRole("button", { name: "Force open" }).click();
  await page.locator("#c-reason").fill("<script>alert(2)</script>");
  await page.locator("#c-go").click();
  await page.locator("#d-forced").waitFor();
  assert.match(await page.locator("#d-forced").innerText(), /<script>alert\(2\)<\/script>/);
  await page.keyboard.press("Escape");
  await eventually("it is in the log", async () => (await page.locator("#log").innerText()).includes("<script>alert(2)</script>"));
  assert.equal(await page.locator("body :is(img, script, b)").count(), 0);
});

test("the policy forbids all but the page's own, and the page needs no more", async (t) => {
  const server = await startServer(t);
  const page = await open(t, server.url);
  const policy = page.response.headers()["content-security-policy"];
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  await details(page, "circuit_breaker", "payments");
  const violated = page.evaluate(() => new Promise((resolve) => document.addEventListener("securitypolicyviolation", () => resolve(true))));
  await page.evaluate(() => document.body.append(Object.assign(document.createElement("script"), { textContent: "window.owned = 1" })));
  assert.equal(await violated, true);
  assert.equal(await page.evaluate(() => window.owned), undefined);
  page.forgive();
});

for (const end of ["", "/"]) {
  test(`under a mount point the page works with ${end ? "a" : "no"} slash at the end`, async (t) => {
    const server = await startServer(t, { flags: ["--nest", "/ops/resilience"] });
    const page = await open(t, server.url + end, { operator: "alice" });
    await page.locator("#skip").focus();
    await page.keyboard.press("Enter");
    assert.equal(page.url(), server.url + end);
    await details(page, "circuit_breaker", "payments");
    await eventually("its details are read", async () => (await page.locator("#d-values tr").count()) > 0);
    await page.locator("#d-actions").getByRole("button", { name: "Reset" }).click();
    await page.locator("#c-reason").fill("to try it");
    await page.locator("#c-go").click();
    await page.locator("#control").waitFor({ state: "hidden" });
    const outside = page.asked.filter((url) => !url.startsWith(server.url) && !url.startsWith("data:"));
    assert.deepEqual(outside, []);
    const links = await page.locator("footer a").evaluateAll((nodes) => nodes.map((node) => node.href));
    for (const link of links) assert.equal((await fetch(link)).status < 500, true, link);
    assert.ok(links.every((link) => link.startsWith(`${server.url}/`)));
  });
}

test("the host's own sign-in keeps the page and its API from strangers", async (t) => {
  const server = await startServer(t, { flags: ["--auth"] });
  for (const path of ["", "/api/snapshot", "/api/stream", "/metrics"]) {
    const response = await fetch(server.url + path);
    assert.equal(response.status, 401, path);
    await response.body?.cancel();
  }
  const stranger = await visit(t, server.url);
  assert.equal(stranger.response.status(), 401);
  const wire = await startWire(t, server.port);
  const page = await open(t, wire.url, { operator: "alice" });
  await breaker(page).waitFor();
  // Whoever is signed out meanwhile is told why nothing comes any more.
  await page.context().clearCookies();
  wire.cut();
  await page.locator("#banner").waitFor();
  wire.mend();
  await page.locator("#banner").getByText("The server refuses: 401").waitFor();
});
