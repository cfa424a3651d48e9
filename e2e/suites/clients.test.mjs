// What calls others over the network, and the budget of retries: their rows are as the server tells them.

import assert from "node:assert/strict";

import { details, eventually, open, row, test } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

test("an HTTP client whose server hangs up shows its rates, times and what is wrong", async (t) => {
  const server = await startServer(t, { flags: ["--clients"] });
  const page = await open(t, server.url, { width: 1500 });
  const client = row(page, "http_client", "inventory");
  const heads = page.locator("section[data-kind=http_client] thead th");
  const cell = async (label) => client.locator("th,td").nth((await heads.allInnerTexts()).findIndex((text) => text.startsWith(label))).innerText();
  await eventually("it has calls", async () => Number.parseFloat(await cell("Calls/s")) > 0);
  await eventually("it has percentiles", async () => /\dms$/.test((await cell("p95")).replaceAll(/\s/g, "")));
  await server.play("upstream?up=0");
  await client.getByText("failing", { exact: true }).waitFor();
  assert.match(await client.locator(".why").innerText(), /without a response/);
  await eventually("it has errors", async () => Number.parseFloat(await cell("Errors/s")) > 0);
  const host = page.locator("section[data-kind=circuit_breaker] tbody tr").filter({ hasText: "inventory/127.0.0.1" });
  await host.locator("[data-s='3'], :scope[data-s='3']").or(host.getByText(/^(open|half open)$/)).first().waitFor();
  const dialog = await details(page, "http_client", "inventory");
  assert.match(await dialog.locator("#d-facts").innerText(), /Authorities\s*1/);
});

test("a connection whose broker refuses it says why, where, and when it tries again", async (t) => {
  const server = await startServer(t, { flags: ["--clients", "--quiet"] });
  const page = await open(t, server.url, { operator: "alice" });
  const orders = row(page, "amqp_connection", "orders");
  await orders.getByText("disconnected", { exact: true }).waitFor();
  assert.match(await orders.locator(".why").innerText(), /refused/i);
  assert.match(await orders.innerText(), /127\.0\.0\.1:1/);
  await page.locator("#warnings").getByText("AMQP connection orders is down").waitFor();
  const heads = await page.locator("section[data-kind=amqp_connection] thead th").allInnerTexts();
  const next = orders.locator("th,td").nth(heads.findIndex((text) => text.startsWith("Next try")));
  await eventually("it counts down", async () => /^(\d+\ss|due)$/.test(await next.innerText()));
  const dialog = await details(page, "amqp_connection", "orders");
  const text = await dialog.innerText();
  assert.match(text, /Last error/);
  assert.match(text, /Blocked\s*no/);
  assert.doesNotMatch(await page.content(), /xylophone9/, "the password stays where it is");
  await page.locator("#d-actions").getByRole("button", { name: "Reconnect now" }).click();
  await page.locator("#c-reason").fill("the broker is back");
  await page.locator("#c-go").click();
  await page.locator("#control").waitFor({ state: "hidden" });
  await page.locator("#d-close").click();
  await page.locator("#log").getByText("the broker is back").first().waitFor();
});

test("a budget of retries shows what is left and that it refuses", async (t) => {
  const server = await startServer(t, { flags: ["--quiet"] });
  const page = await open(t, server.url);
  const budget = row(page, "retry_budget", "shared");
  const left = async () => Number.parseFloat(await budget.locator("td").nth(2).innerText());
  await eventually("something is left", async () => (await left()) > 0);
  const before = await left();
  server.play("budget?calls=400").catch(() => {});
  await eventually("less is left", async () => (await left()) < before);
  await budget.getByText("spent", { exact: true }).waitFor({ timeout: 40_000 });
  assert.match(await budget.locator(".why").innerText(), /refuses retries/);
  await row(page, "retry", "payments").getByText(/giving up|retrying/).waitFor();
});
