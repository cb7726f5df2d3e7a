import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { variables } from '../src/config/variables.ts';

const read = (path: string) => readFileSync(path, 'utf8');
const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ');

interface Service {
  build: { target: string };
  volumes: string[];
  read_only: boolean;
  cap_drop: string[];
  stop_grace_period: string;
}

const serviceIn = (path: string) => (parse(read(path)) as { services: { kinora: Service } }).services.kinora;

describe('the Dockerfile', () => {
  it('copies only what is there, and what .dockerignore lets through', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) =>
      sources.split(' '),
    );
    expect(copied.length).toBeGreaterThan(5);
    for (const source of copied) {
      expect(existsSync(source), source).toBe(true);
      expect(allowed, source).toContain(source);
    }
  });

  it('has the models that the package has', () => {
    const { files } = JSON.parse(read('package.json')) as { files: string[] };
    const models = files.filter((path) => path.startsWith('models/'));
    expect(models).toEqual(['models/demo', 'models/rife']);
    for (const model of models) expect(dockerfile).toContain(`COPY ${model} /app/${model}\n`);
  });

  it('runs as a user other than root, and has no Python', () => {
    for (const stage of dockerfile.split(/^FROM /m).slice(2)) {
      expect([...stage.matchAll(/^USER (\S+)/gm)].at(-1)?.[1]).toBe('node');
      expect(stage).not.toMatch(/python/i);
    }
  });
});

describe('the compose files', () => {
  it('build stages of the Dockerfile', () => {
    for (const path of ['compose.yaml', 'deploy/compose.cuda.yaml']) {
      expect(dockerfile).toMatch(new RegExp(` AS ${serviceIn(path).build.target}$`, 'm'));
    }
  });

  it('keep the folders that the image keeps, on a root that is read-only', () => {
    const { volumes, read_only, cap_drop } = serviceIn('compose.yaml');
    const [, declared = ''] = /^VOLUME (.+)$/m.exec(dockerfile) ?? [];
    const mounted = volumes.map((volume) => volume.split(':')[1]);
    expect(mounted).toEqual(expect.arrayContaining(JSON.parse(declared) as string[]));
    expect({ read_only, cap_drop }).toEqual({ read_only: true, cap_drop: ['ALL'] });
  });

  it('and the unit give the bot longer than SHUTDOWN_GRACE_SECONDS to stop', () => {
    const grace = Number(variables.SHUTDOWN_GRACE_SECONDS.example);
    const { stop_grace_period } = serviceIn('compose.yaml');
    expect(Number.parseInt(stop_grace_period, 10)).toBeGreaterThan(grace + 30);
    const [, timeout] = /^TimeoutStopSec=(\d+)$/m.exec(read('deploy/kinora.service')) ?? [];
    expect(Number(timeout)).toBeGreaterThan(grace + 30);
  });
});

it('the systemd unit leaves V8 its compiler and the card its devices', () => {
  const unit = read('deploy/kinora.service');
  expect(unit).not.toMatch(/^(MemoryDenyWriteExecute|PrivateDevices)=(yes|true|on|1)/m);
  expect(unit).toMatch(/^DeviceAllow=char-nvidia-frontend rw$/m);
  expect(unit).toMatch(/^ProtectSystem=strict$/m);
});
