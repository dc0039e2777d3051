// plainjob on better-sqlite3; it sets WAL and synchronous=NORMAL by itself.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import Database from "better-sqlite3";
import { better, defineQueue, defineWorker } from "plainjob";

const TYPE = "thumbnail";
const PAYLOAD = { path: "images/a.png", width: 256 };
const silent = { error: console.error, warn: console.error, info() {}, debug() {} };

function stopwatch() {
  const start = performance.now();
  return () => (performance.now() - start) / 1000;
}

function fill(queue, n) {
  for (let i = 0; i < n; i++) queue.add(TYPE, PAYLOAD);
}

function enqueue(queue, n) {
  const elapsed = stopwatch();
  fill(queue, n);
  return elapsed();
}

function claimComplete(queue, n) {
  fill(queue, n);
  const elapsed = stopwatch();
  for (let i = 0; i < n; i++) {
    const { id } = queue.getAndMarkJobAsProcessing(TYPE);
    JSON.parse(queue.getJobById(id).data);
    queue.markJobAsDone(id);
  }
  return elapsed();
}

async function worker(queue, n) {
  fill(queue, n);
  let left = n;
  let seconds;
  const runner = defineWorker(TYPE, (job) => void JSON.parse(job.data), {
    queue,
    logger: silent,
    onCompleted: () => {
      if (--left === 0) {
        seconds = elapsed();
        runner.stop();
      }
    },
  });
  const elapsed = stopwatch();
  await runner.start();
  return seconds;
}

const SCENARIOS = { enqueue, claim_complete: claimComplete, worker };

const { values, positionals } = parseArgs({ allowPositionals: true, options: { folder: { type: "string" } } });
const scenario = positionals[0];
const n = Number(positionals[1]);
const folder = mkdtempSync(join(values.folder ?? tmpdir(), "plainjob-"));
const queue = defineQueue({ connection: better(new Database(join(folder, "plainjob.db"))), logger: silent });
const seconds = await SCENARIOS[scenario](queue, n);
queue.close();
rmSync(folder, { recursive: true });
console.log(JSON.stringify({ scenario, peer: "plainjob", n, seconds }));
