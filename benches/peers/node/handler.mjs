// The handler that one would write oneself: Node's own HTTP server, `jose` for the token, a Map of invites, a log line.
//
// scripts/bench compares guestlist with it, so it is meant to be as good as an experienced engineer makes it:
// - A verified token is remembered by its hash, so its signature is checked once.
// - Log lines are collected for 10 ms and written in one asynchronous call. `console.log` would be one blocking
//   system call for each line, because a pipe is written synchronously.
// - What does not depend on the person (the answer to everybody invited, the end of each log line) is made once.
// - An address in ASCII takes a path without Unicode normalisation.
// It does for one Start what guestlist does under the measured configuration, gives the same answers and writes a line
// with the same members. It has no rules, codes, look-ups, reports, refreshed lists or limits of guestlist's kind.
import { readFileSync, write } from 'node:fs';
import { createServer } from 'node:http';
import * as crypto from 'node:crypto';
import { domainToASCII } from 'node:url';
import { createRemoteJWKSet, jwtVerify } from 'jose';

// Node.js 18 has the interface that jose uses, but not under its global name.
globalThis.crypto ??= crypto.webcrypto;

const { FUNCTIONS_CUSTOMHANDLER_PORT: PORT, TENANT_ID: TENANT, CIAM, LOGIN, AUDIENCE, INVITES } = process.env;
const CALLER = '99045fe1-7639-4a75-9d4a-577b6ca3810f';
const EVENT_TYPE = 'microsoft.graph.authenticationEvent.attributeCollectionStart';
const DATA_TYPE = 'microsoft.graph.onAttributeCollectionStartCalloutData';
const ANSWER_TYPE = 'microsoft.graph.onAttributeCollectionStartResponseData';
const ACTION = 'microsoft.graph.attributeCollectionStart.';
const ISSUERS = [`${LOGIN}/${TENANT}/v2.0`, `${CIAM}/${TENANT}/v2.0`, `${CIAM}/${TENANT}/`, `https://sts.windows.net/${TENANT}/`];
const MAX_REMEMBERED = 10_000;
const REMEMBERED_FOR_MS = 3_600_000;
const LEEWAY_S = 60;
const MAX_BODY = 1 << 20;
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

// --- Hashes. The one-shot function is the faster one; Node.js 18 lacks it.
const sha256 = crypto.hash
  ? (text, encoding) => crypto.hash('sha256', text, encoding)
  : (text, encoding) => crypto.createHash('sha256').update(text).digest(encoding);
const hashKey = crypto.createSecretKey(crypto.randomBytes(32));
const hashedAddress = (address) => crypto.createHmac('sha256', hashKey).update(address).digest('hex').slice(0, 16);

const SYMBOLS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
function supportCode(correlationId) {
  const digest = sha256(`guestlist support code 1 ${correlationId}`, 'hex');
  const left = parseInt(digest.slice(0, 5), 16);
  const right = parseInt(digest.slice(5, 10), 16);
  const four = (n) => SYMBOLS[n >> 15] + SYMBOLS[(n >> 10) & 31] + SYMBOLS[(n >> 5) & 31] + SYMBOLS[n & 31];
  return `${four(left)}-${four(right)}`;
}

// --- The log: lines wait at most 10 ms for company; what the reader does not take in time is dropped and counted.
let waiting = '';
let isWriting = false;
let timer = null;
let dropped = 0;
function log(line) {
  if (waiting.length > 4 << 20) return void dropped++;
  waiting += line;
  if (!isWriting) timer ??= setTimeout(flush, 10);
}
function flush() {
  timer = null;
  const chunk = Buffer.from(waiting);
  waiting = '';
  isWriting = true;
  writeAll(chunk, 0);
}
function writeAll(chunk, from) {
  write(1, chunk, from, chunk.length - from, null, (error, written) => {
    if (!error && from + written < chunk.length) return writeAll(chunk, from + written);
    isWriting = false;
    if (waiting !== '') timer ??= setTimeout(flush, 10);
  });
}

let second = 0;
let secondText = '';
/** The time as `2026-11-21T10:00:00.123Z`; the date is formatted once a second. */
function timestamp() {
  const now = Date.now();
  const millisecond = now % 1000;
  if (now - millisecond !== second) {
    second = now - millisecond;
    secondText = new Date(second).toISOString().slice(0, 20);
  }
  return secondText + String(millisecond).padStart(3, '0') + 'Z';
}

const counts = new Map();
function count(action, reason) {
  const key = `"action":"${action}","reason":"${reason}"`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
setInterval(() => {
  for (const [key, number] of counts) {
    log(`{"time":"${timestamp()}","level":"INFO","event":"decision-count","hook":"start",${key},"count":${number}}\n`);
  }
  counts.clear();
}, 60_000).unref();

// --- The list
function canonical(text) {
  const address = text.trim();
  // eslint-disable-next-line no-control-regex
  if (/^[\x21-\x7e]+$/.test(address)) return address.toLowerCase();
  const normal = address.normalize('NFKC');
  const at = normal.lastIndexOf('@');
  return `${normal.slice(0, at).toLowerCase()}@${domainToASCII(normal.slice(at + 1))}`;
}
const BARE = Object.freeze({ expires: Infinity });
const invites = new Map();
{
  const [, ...lines] = readFileSync(INVITES, 'utf8').split('\n');
  for (const line of lines) if (line !== '') invites.set(canonical(line), BARE);
}
function isInvited(address) {
  const invitation = invites.get(address) ?? invites.get(address.slice(address.lastIndexOf('@')));
  return invitation !== undefined && invitation.expires > Date.now();
}

// --- The caller
const keys = createRemoteJWKSet(new URL(`${CIAM}/${TENANT}/discovery/v2.0/keys`), { timeoutDuration: 500 });
const remembered = new Map();
/** Whether Entra calls. Throws what `jwtVerify` throws. */
async function verify(header) {
  if (!header?.startsWith('Bearer ')) throw new Error('no token');
  const token = header.slice(7);
  const hash = sha256(token, 'base64');
  const now = Date.now();
  const known = remembered.get(hash);
  if (known !== undefined && known.until > now) return;
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ['RS256'],
    issuer: ISSUERS,
    audience: AUDIENCE,
    clockTolerance: LEEWAY_S,
    requiredClaims: ['exp', 'nbf'],
  });
  const caller = payload.ver === '2.0' ? payload.azp : payload.appid;
  if (caller !== CALLER || payload.tid !== TENANT) throw new Error('another caller');
  if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value);
  remembered.set(hash, { until: Math.min(now + REMEMBERED_FOR_MS, (payload.exp + LEEWAY_S) * 1000) });
}

// --- The event
/** The address that Entra verified, or the one that the identity provider asserts. */
function findAddress(signUp) {
  for (const { signInType, issuer, issuerAssignedId } of signUp.identities ?? []) {
    const isLocal = signInType === 'emailAddress' || signInType === 'email';
    if (isLocal || (signInType === 'federated' && issuer === 'mail')) {
      return { address: canonical(issuerAssignedId), source: 'identity', provenance: 'verified' };
    }
  }
  const { email, EmailAddress } = signUp.attributes ?? {};
  const value = (email ?? EmailAddress)?.value;
  return value ? { address: canonical(value), source: 'attribute:email', provenance: 'asserted' } : undefined;
}

const action = (inner) => JSON.stringify({ data: { '@odata.type': ANSWER_TYPE, actions: [inner] } });
const PREFILL = action({ '@odata.type': `${ACTION}setPrefillValues`, inputs: { country: 'AU' } });
const block = (message) => action({ '@odata.type': `${ACTION}showBlockPage`, message });

function decide(event, times) {
  const { data } = event;
  const context = data.authenticationContext;
  const correlationId = GUID.test(context.correlationId) ? context.correlationId : '';
  const app = GUID.test(context.clientServicePrincipal.appId) ? context.clientServicePrincipal.appId : '';
  const code = supportCode(correlationId);
  const found = findAddress(data.userSignUpInfo);
  const asked = performance.now();
  const invited = found !== undefined && isInvited(found.address);
  const invitesTook = performance.now() - asked;
  const [name, reason] = invited ? ['prefill', 'invitation'] : ['refuse', found ? 'not-invited' : 'no-address'];
  const answer = invited
    ? PREFILL
    : block(`You need an invitation to sign up with this email address. Support code: ${code}`);
  count(name, reason);
  const address = found
    ? `"address":"${hashedAddress(found.address)}","address_source":"${found.source}","provenance":"${found.provenance}",`
    : '';
  log(
    `{"time":"${timestamp()}","level":"INFO","event":"decision","hook":"start","correlation_id":"${correlationId}",` +
      `"support_code":"${code}","app":"${app}","policy":"default","action":"${name}","reason":"${reason}",${address}` +
      `"duration_us":${microseconds(performance.now() - times.began)},"caller_us":${microseconds(times.caller)},` +
      `"invites_us":${microseconds(invitesTook)},"target":"functions::hook::log"}\n`,
  );
  return answer;
}
const microseconds = (milliseconds) => Math.trunc(milliseconds * 1000);

// --- The server
function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function read(request, done) {
  const chunks = [];
  let length = 0;
  request.on('data', (chunk) => {
    length += chunk.length;
    if (length > MAX_BODY) return request.destroy();
    chunks.push(chunk);
  });
  request.on('end', () => done(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
}

async function start(request, response, body) {
  const began = performance.now();
  try {
    await verify(request.headers.authorization);
  } catch (error) {
    if (error?.code === 'ERR_JWKS_TIMEOUT') return send(response, 200, block('Please try again later.'));
    return response.writeHead(401, { 'content-length': 0 }).end();
  }
  const caller = performance.now() - began;
  let event;
  try {
    event = JSON.parse(body.toString());
  } catch {
    event = undefined;
  }
  const data = event?.data;
  if (event?.type !== EVENT_TYPE || data?.['@odata.type'] !== DATA_TYPE || data.tenantId !== TENANT) {
    return response.writeHead(400, { 'content-length': 0 }).end();
  }
  try {
    send(response, 200, decide(event, { began, caller }));
  } catch {
    send(response, 200, block('Please try again later.'));
  }
}

const server = createServer((request, response) => {
  if (request.method === 'POST' && request.url === '/api/OnAttributeCollectionStart') {
    read(request, (body) => start(request, response, body));
  } else if (request.method === 'GET' && request.url === '/') {
    send(response, 200, '{"status":"ok"}');
  } else {
    response.writeHead(404, { 'content-length': 0 }).end();
  }
});
server.listen(Number(PORT), '127.0.0.1', () => log(`{"time":"${timestamp()}","level":"INFO","event":"started"}\n`));
keys.reload().catch(() => {});
process.on('SIGTERM', () => server.close(() => process.exit(0)));
