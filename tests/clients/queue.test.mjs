// A job queue as BullMQ builds one, of plain commands: waiting jobs in a list, a marker in a sorted set that idle workers block on,
// running jobs in a second list, each job in a hash, delayed jobs in a sorted set, and a stream of events that watchers block on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Redis from 'ioredis';

const port = Number(process.env.PORT ?? 6379);
const connect = () => new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null });
const workers = 8, jobs = 400, delayed = 40;

async function work(number, done) {
  const client = connect(), blocking = connect();
  while (done.size < jobs + delayed) {
    const now = Date.now();
    for (const id of await client.zrangebyscore('q:delayed', 0, now, 'LIMIT', 0, 10)) {
      // Whoever takes the job out of the delayed ones puts it in front of the queue.
      if (await client.zrem('q:delayed', id)) {
        await client.multi().lpush('q:wait', id).zadd('q:marker', 0, '0').exec();
      }
    }
    const id = await client.rpoplpush('q:wait', 'q:active');
    if (id === null) {
      const moved = await blocking.bzpopmin('q:marker', 0.05);
      assert.ok(moved === null || moved[0] === 'q:marker');
      continue;
    }
    const job = await client.hgetall(`q:job:${id}`);
    assert.equal(job.payload, `payload ${id}`);
    assert.ok(!done.has(id), `job ${id} ran twice`);
    done.add(id);
    const results = await client.multi()
      .lrem('q:active', 1, id)
      .zadd('q:completed', Date.now(), id)
      .hset(`q:job:${id}`, 'worker', number, 'finishedOn', Date.now())
      .xadd('q:events', 'MAXLEN', '~', 10000, '*', 'event', 'completed', 'jobId', id)
      .exec();
    assert.deepEqual(results.slice(0, 1), [[null, 1]]);
  }
  client.disconnect();
  blocking.disconnect();
}

async function watch(seen) {
  const client = connect();
  for (let last = '0'; seen.size < jobs + delayed;) {
    const reply = await client.xread('BLOCK', 1000, 'COUNT', 100, 'STREAMS', 'q:events', last);
    for (const [id, fields] of reply?.[0][1] ?? []) {
      last = id;
      seen.add(fields[3]);
    }
  }
  client.disconnect();
}

test('every job runs once, and every watcher hears of it', { timeout: 60_000 }, async () => {
  const producer = connect();
  await producer.flushall();
  const done = new Set(), seen = new Set();
  const running = [watch(seen), ...Array.from({ length: workers }, (_, number) => work(number, done))];
  for (let i = 0; i < jobs + delayed; i++) {
    const id = String(await producer.incr('q:id'));
    const step = producer.multi().hset(`q:job:${id}`, 'payload', `payload ${id}`, 'timestamp', Date.now());
    if (i < jobs) {
      step.lpush('q:wait', id).zadd('q:marker', 0, '0');
    } else {
      step.zadd('q:delayed', Date.now() + 200 + i % 7 * 50, id);
    }
    await step.exec();
  }
  await Promise.all(running);
  assert.equal(await producer.zcard('q:completed'), jobs + delayed);
  assert.equal(await producer.llen('q:active'), 0);
  assert.equal(seen.size, jobs + delayed);
  producer.disconnect();
});

test('BLMOVE hands jobs over in order, to those who wait longest', { timeout: 20_000 }, async () => {
  const producer = connect();
  const waiting = Array.from({ length: 5 }, connect);
  await producer.del('m:in', 'm:out');
  const moved = [];
  for (const client of waiting) {
    moved.push(client.blmove('m:in', 'm:out', 'RIGHT', 'LEFT', 10));
    await new Promise(resolve => setTimeout(resolve, 30));
  }
  await producer.lpush('m:in', 'a', 'b', 'c', 'd', 'e');
  assert.deepEqual(await Promise.all(moved), ['a', 'b', 'c', 'd', 'e']);
  assert.deepEqual(await producer.lrange('m:out', 0, -1), ['e', 'd', 'c', 'b', 'a']);
  [producer, ...waiting].forEach(client => client.disconnect());
});
