// What applications do with ioredis and node-redis: pipelines, transactions, messages, scans, streams, client-side caching.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Redis from 'ioredis';
import { createClient } from 'redis';

const port = Number(process.env.PORT ?? 6379);
const connect = options => new Redis(port, '127.0.0.1', options);
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

test('ioredis: pipelines, automatic pipelines, buffers, scans', async () => {
  const client = connect({ enableAutoPipelining: true, keyPrefix: 'c:' });
  await client.flushall();
  const binary = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  await Promise.all(Array.from({ length: 500 }, (_, i) => client.set(`key:${i}`, i)));
  assert.deepEqual(await client.mget('key:0', 'key:499', 'none'), ['0', '499', null]);
  await client.set('binary', binary);
  assert.deepEqual(await client.getBuffer('binary'), binary);
  const replies = await client.pipeline().set('a', 1).incr('a').get('a').lpush('a', 1).exec();
  assert.deepEqual(replies.slice(0, 3), [[null, 'OK'], [null, 2], [null, '2']]);
  assert.match(replies[3][0].message, /^WRONGTYPE/);
  const found = new Set();
  for await (const keys of client.scanStream({ match: 'c:key:*', count: 50 })) {
    keys.forEach(key => found.add(key));
  }
  assert.equal(found.size, 500);
  client.disconnect();
});

test('ioredis: WATCH refuses a transaction whose key was changed', async () => {
  const [one, other] = [connect(), connect()];
  await one.set('balance', 10);
  await one.watch('balance');
  await other.set('balance', 5);
  assert.equal(await one.multi().decrby('balance', 10).exec(), null);
  assert.equal(await one.get('balance'), '5');
  await assert.rejects(one.multi().set('x').exec(), /EXECABORT/);
  [one, other].forEach(client => client.disconnect());
});

test('ioredis: messages by channel, pattern and keyspace', async () => {
  const [listener, speaker] = [connect(), connect()];
  await speaker.config('SET', 'notify-keyspace-events', 'KEA');
  const heard = [];
  listener.on('message', (channel, text) => heard.push([channel, text]));
  listener.on('pmessage', (pattern, channel, text) => heard.push([pattern, channel, text]));
  await listener.subscribe('news');
  await listener.psubscribe('__keyspace@0__:n*', 'w?ather');
  assert.equal(await speaker.publish('news', 'one'), 1);
  assert.equal(await speaker.publish('weather', 'sun'), 1);
  await speaker.set('note', 1);
  await pause(200);
  assert.deepEqual(heard, [
    ['news', 'one'], ['w?ather', 'weather', 'sun'],
    ['__keyspace@0__:n*', '__keyspace@0__:note', 'set'],
  ]);
  await speaker.config('SET', 'notify-keyspace-events', '');
  [listener, speaker].forEach(client => client.disconnect());
});

test('ioredis: a consumer group shares a stream out', async () => {
  const [producer, ...consumers] = Array.from({ length: 4 }, () => connect());
  await producer.del('s');
  await producer.xgroup('CREATE', 's', 'g', '$', 'MKSTREAM');
  const taken = [];
  const readers = consumers.map(async (client, number) => {
    for (;;) {
      const reply = await client.xreadgroup('GROUP', 'g', `c${number}`, 'COUNT', 5, 'BLOCK', 500, 'STREAMS', 's', '>');
      if (reply === null) {
        return;
      }
      for (const [id, fields] of reply[0][1]) {
        taken.push(fields[1]);
        assert.equal(await client.xack('s', 'g', id), 1);
      }
    }
  });
  for (let i = 0; i < 100; i++) {
    await producer.xadd('s', '*', 'n', i);
  }
  await Promise.all(readers);
  assert.deepEqual(taken.map(Number).sort((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i));
  assert.equal((await producer.xpending('s', 'g'))[0], 0);
  [producer, ...consumers].forEach(client => client.disconnect());
});

test('node-redis: RESP3 and a cache that the server keeps true', async () => {
  const url = `redis://127.0.0.1:${port}`;
  const cached = await createClient({ url, RESP: 3, clientSideCache: { ttl: 0, maxEntries: 0 } }).connect();
  const writer = await createClient({ url, RESP: 3 }).connect();
  await writer.set('shared', 'before');
  assert.equal(await cached.get('shared'), 'before');
  assert.equal(await cached.get('shared'), 'before');
  await writer.set('shared', 'after');
  await pause(100);
  assert.equal(await cached.get('shared'), 'after');
  await writer.hSet('h', { a: '1', b: '2' });
  assert.deepEqual({ ...await writer.hGetAll('h') }, { a: '1', b: '2' });
  await writer.zAdd('z', [{ score: 1.5, value: 'x' }]);
  assert.equal(await writer.zScore('z', 'x'), 1.5);
  const results = await writer.multi().set('t', '1').incr('t').exec();
  assert.deepEqual(results, ['OK', 2]);
  await cached.close();
  await writer.close();
});
