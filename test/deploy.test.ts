import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { subcommands } from '../src/cli/subcommands.ts';
import { readConfig } from '../src/config/config.ts';
import { variables } from '../src/config/variables.ts';
import { createMetricsRegistry } from '../src/operations/metrics-registry.ts';
import { metricDeclarations } from '../src/util/metrics.ts';
import { parseMetrics } from './support/parse-metrics.ts';

const read = (path: string) => readFileSync(path, 'utf8');
const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ');

interface Service {
  build: { target: string };
  volumes: string[];
  environment: Record<string, string>;
  healthcheck: { test: string[] };
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
    expect(models).toEqual(['models/demo', 'models/upscale', 'models/rife']);
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

it('containers are asked by a command that exists whether they are alive, where the bot listens', () => {
  const { environment, healthcheck } = serviceIn('compose.yaml');
  const [, command = ''] = /^HEALTHCHECK .* CMD (\[.*\])$/m.exec(dockerfile) ?? [];
  expect(healthcheck.test).toEqual(['CMD', ...(JSON.parse(command) as string[])]);
  expect(healthcheck.test).toEqual(['CMD', 'kinora', 'health']);
  expect(subcommands.map(({ name }) => name)).toContain('health');
  const [, inImage] = /^ENV .*\bHTTP_LISTEN=(\S+)/m.exec(dockerfile) ?? [];
  const [, inCompose] = /^\$\{HTTP_LISTEN:-(\S+)\}$/.exec(environment.HTTP_LISTEN ?? '') ?? [];
  expect(readConfig({ HTTP_LISTEN: inImage ?? '' }).httpListen).toEqual({ host: '127.0.0.1', port: 9464 });
  expect(readConfig({ HTTP_LISTEN: inCompose ?? '' }).httpListen).toEqual({ host: '0.0.0.0', port: 9464 });
});

it('the Grafana dashboard asks only for metrics and labels that exist, and shows every metric of its own', async () => {
  interface Panel {
    title: string;
    targets?: { expr: string; legendFormat: string }[];
    gridPos: { x: number; w: number };
  }
  const { panels, templating } = JSON.parse(read('deploy/grafana-dashboard.json')) as {
    panels: Panel[];
    templating: { list: { definition?: string }[] };
  };
  const ofProcess = parseMetrics(await createMetricsRegistry({ warn: () => {} }).text());
  const used = new Set<string>();
  for (const { title, targets = [], gridPos } of panels) {
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    for (const { expr, legendFormat } of targets) {
      const names = [...expr.matchAll(/\b((?:kinora|process|nodejs)_\w+)/g)].map(([, name = '']) => name);
      expect(names.length, expr).toBeGreaterThan(0);
      const labels = new Set(['instance', 'le']);
      for (const name of names) {
        const metric = ofProcess.get(name) ?? ofProcess.get(name.replace(/_(bucket|sum|count)$/, ''));
        expect(metric, name).toBeDefined();
        expect(/_(bucket|sum|count)$/.test(name), name).toBe(metric?.type === 'histogram');
        if (metric?.type === 'counter' || metric?.type === 'histogram') expect(expr).toMatch(/\b(rate|increase)\(/);
        used.add(metric!.name);
        const declared = metricDeclarations[metric!.name as keyof typeof metricDeclarations];
        for (const label of declared?.labels ?? []) labels.add(label);
      }
      const named = [
        ...[...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/)),
        ...[...expr.matchAll(/[{,](\w+)=~?"/g)].map(([, label = '']) => label),
        ...[...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
      ];
      for (const label of named) expect([...labels], expr).toContain(label);
      // Parentheses and braces are closed.
      for (const pair of ['()', '{}', '[]']) {
        expect(expr.split(pair[0]!).length, expr).toBe(expr.split(pair[1]!).length);
      }
    }
  }
  for (const { definition } of templating.list) {
    for (const name of definition?.match(/kinora_\w+/g) ?? []) used.add(name);
  }
  expect(Object.keys(metricDeclarations).filter((name) => !used.has(name))).toEqual([]);
});

describe('the compose file of several hosts', () => {
  interface Part extends Service {
    image: string;
    command: string[];
    user?: string;
    stop_grace_period: string;
    deploy: { resources: { reservations: { devices: object[] } } };
  }
  const { services, volumes } = parse(read('deploy/compose.workers.yaml'), { merge: true }) as {
    services: Record<'kinora' | 'redis' | 'worker', Part>;
    volumes: Record<string, null>;
  };
  const { kinora, redis, worker } = services;

  it('gives bot and workers variables that Kinora knows, and the workers neither data nor a token of Discord', () => {
    for (const { environment, build } of [kinora, worker]) {
      for (const name of Object.keys(environment)) expect(Object.keys(variables)).toContain(name);
      expect(dockerfile).toMatch(new RegExp(` AS ${build.target}$`, 'm'));
    }
    expect(kinora.environment).toMatchObject({ DEVICES: 'none', WORKER_LISTEN: '0.0.0.0:9466' });
    expect(Object.keys(worker.environment).toSorted()).toEqual(['QUEUE_URL', 'WORKER_TOKEN', 'WORKER_URL']);
    expect(worker.volumes).toEqual(['models:/var/lib/kinora/models']);
    expect(worker.deploy.resources.reservations.devices).toEqual([
      { driver: 'nvidia', count: 'all', capabilities: ['gpu'] },
    ]);
    expect(subcommands.map(({ name }) => name)).toContain(worker.command[0]);
  });

  it('has a Redis that loses nothing and evicts nothing, with a password', () => {
    const text = redis.command.join(' ');
    expect(text).toContain('--appendonly yes');
    expect(text).toContain('--maxmemory-policy noeviction');
    expect(text).toContain('--requirepass');
    expect(redis.healthcheck.test).toEqual(['CMD', 'redis-cli', 'ping']);
    expect(redis.volumes).toEqual(['redis:/data']);
  });

  it('has a read-only root and no capabilities everywhere, volumes that exist, and time to stop', () => {
    for (const part of Object.values(services)) {
      expect(part).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
      for (const volume of part.volumes) expect(Object.keys(volumes)).toContain(volume.split(':')[0]);
    }
    expect(Number.parseInt(kinora.stop_grace_period, 10)).toBeGreaterThan(30);
    expect(Number.parseInt(worker.stop_grace_period, 10)).toBeGreaterThan(20);
  });
});

it('the systemd unit leaves V8 its compiler and the card its devices', () => {
  const unit = read('deploy/kinora.service');
  expect(unit).not.toMatch(/^(MemoryDenyWriteExecute|PrivateDevices)=(yes|true|on|1)/m);
  expect(unit).toMatch(/^DeviceAllow=char-nvidia-frontend rw$/m);
  expect(unit).toMatch(/^ProtectSystem=strict$/m);
});
