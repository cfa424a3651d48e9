// The playground as a process, and a wire to it that can be cut.

import { spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { createInterface } from "node:readline";

const PLAYGROUND = process.env.STEADFAST_E2E_PLAYGROUND;

/** Starts a playground; `port` 0 is any that is free. It ends with the test `t` at the latest. */
export async function startServer(t, { port = 0, flags = [] } = {}) {
  const child = spawn(PLAYGROUND, [String(port), ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  t.after(() => child.kill("SIGKILL"));
  const first = await Promise.race([once(createInterface(child.stdout), "line"), exited.then(([code]) => Promise.reject(new Error(`the playground ended with ${code}`)))]);
  const url = new URL(first[0]);
  const server = {
    /** The mount point, without a slash at its end. */
    url: first[0].replace(/\/$/, ""),
    origin: url.origin,
    port: Number(url.port),
    exited,
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
    /** Has something happen, and tells what the server says to it. */
    play: async (what) => {
      const response = await fetch(`${url.origin}/play/${what}`, { method: "POST" });
      if (!response.ok) throw new Error(`/play/${what}: ${response.status}`);
      return response.text();
    },
    snapshot: async () => (await fetch(`${server.url}/api/snapshot`)).json(),
    /** One call through a breaker: `passed`, `failed` or `rejected`. */
    call: (name = "payments") => server.play(`call?name=${name}&ok=1`),
  };
  return server;
}

/** A way to `port` that can be cut and mended, as a network can. */
export async function startWire(t, port) {
  const sockets = new Set();
  let isCut = false;
  const wire = net.createServer((near) => {
    if (isCut) return void near.destroy();
    const far = net.connect(port, "127.0.0.1");
    for (const [socket, other] of [[near, far], [far, near]]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  wire.listen(0, "127.0.0.1");
  await once(wire, "listening");
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  t.after(() => {
    cut();
    wire.close();
  });
  return { url: `http://127.0.0.1:${wire.address().port}`, cut, mend: () => (isCut = false) };
}

/** An empty page of another origin, which forbids itself nothing. */
export async function startStranger(t) {
  const site = http.createServer((_, answer) => answer.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>stranger</title>"));
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  t.after(() => site.close());
  return `http://127.0.0.1:${site.address().port}/`;
}
