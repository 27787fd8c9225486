/** A PostgreSQL server of the test's own, on a Unix socket in a temporary folder; the server refuses to run as root. */
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface TestServer {
  /** Makes a fresh database and gives its address. */
  database(): Promise<string>;
  stop(): Promise<void>;
}

/** Debian keeps the server's programs out of the path. */
function programs(): string | null {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian)
    ? readdirSync(debian).map((version) => join(debian, version, 'bin'))
    : [];
  const folders = [...versions, ...(process.env.PATH ?? '').split(delimiter)];
  return folders.find((path) => ['initdb', 'postgres'].every((name) => existsSync(join(path, name)))) ?? null;
}

const nobody = 65534;

/** Null, and a line that says so, where PostgreSQL is not installed. */
export async function startPostgres(): Promise<TestServer | null> {
  const bin = programs();
  if (bin === null) {
    console.warn('PostgreSQL is not installed (Debian package postgresql): what needs it is NOT tested');
    return null;
  }
  const folder = mkdtempSync(join(tmpdir(), 'reflow-pg-'));
  const user = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  if ('uid' in user) chownSync(folder, nobody, nobody);
  const data = join(folder, 'data');
  const options = { cwd: folder, ...user };
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'reflow', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...options, stdio: 'ignore' },
  );
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off'],
    { ...options, stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const stop = async () => {
    server.kill('SIGINT');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  // A test that dies must not leave a server behind.
  process.once('exit', () => server.kill('SIGKILL'));
  const { default: pg } = await import('pg');
  const address = (name: string) => `postgres://reflow@localhost/${name}?host=${encodeURIComponent(folder)}`;
  const ask = async (statement: string) => {
    const client = new pg.Client({ connectionString: address('postgres') });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  for (let waits = 0; ; waits++) {
    try {
      await ask('select 1');
      break;
    } catch (error) {
      if (waits === 150 || server.exitCode !== null) {
        await stop();
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  let made = 0;
  return {
    async database() {
      made += 1;
      const name = `campaign${made}`;
      await ask(`create database ${name}`);
      return address(name);
    },
    stop,
  };
}
