/** The meter that a spec names, ready to be operated. */
import { ReflowError } from '../../base/error.js';
import type { Port } from '../../base/port.js';
import { openProcessPort } from '../../base/process-port.js';
import { processes } from '../../base/processes.js';
import { openSerialPort } from '../../base/serial-port.js';
import type { EnergyMeter } from '../../profile/energy/energy-meter.js';
import { diskTree } from '../../profile/energy/file-tree.js';
import { Lpm01a, type Lpm01aOptions } from '../../profile/energy/lpm01a.js';
import { ina3221Sensor, PolledMeter, pmicSensor } from '../../profile/energy/polled-meter.js';
import { Ppk2 } from '../../profile/energy/ppk2.js';
import { TegrastatsMeter } from '../../profile/energy/tegrastats-meter.js';
import { type EnergySpec, numberSetting } from './energy-spec.js';

export interface OpenMeter {
  readonly meter: EnergyMeter;
  /** Switches off what the meter supplies, and lets go of it. Never throws. */
  close(): Promise<void>;
}

/** Polled sensors: the INA3221 converts in about 1 ms per channel, vcgencmd and tegrastats take longer. */
const periodsMs = { ina3221: 20, pmic: 100, tegrastats: 100 };

/** @throws ReflowError E_USAGE for impossible settings, E_PORT, E_TOOL_MISSING */
export async function openMeter(spec: EnergySpec): Promise<OpenMeter> {
  const periodMs = (kind: keyof typeof periodsMs) => numberSetting(spec, 'period', periodsMs[kind]);
  switch (spec.kind) {
    case 'lpm01a':
      return overPort(spec.place, 3_686_400, (port) => new Lpm01a(port, lpm01aOptions(spec)));
    case 'ppk2':
      return overPort(spec.place, 115_200, (port) => new Ppk2(port, ppk2Options(spec)));
    case 'ina3221':
      return alone(new PolledMeter(ina3221Sensor(diskTree(spec.place || '/')), periodMs('ina3221')));
    case 'pmic':
      return alone(
        new PolledMeter(
          pmicSensor(() => vcgencmd(spec.place || 'vcgencmd')),
          periodMs('pmic'),
        ),
      );
    case 'tegrastats': {
      const interval = Math.round(periodMs('tegrastats'));
      const install = 'tegrastats comes with the Jetson; run reflow there';
      const port = await openProcessPort(spec.place || 'tegrastats', ['--interval', `${interval}`], {
        install,
      });
      const meter = new TegrastatsMeter(port);
      return { meter, close: () => meter.close().then(() => port.close()) };
    }
    default:
      throw new ReflowError('E_USAGE', `${spec.kind} is a capture, no meter`, 'name a meter');
  }
}

const alone = (meter: EnergyMeter): OpenMeter => ({ meter, close: () => meter.close() });

async function overPort(
  path: string,
  baudRate: number,
  make: (port: Port) => EnergyMeter,
): Promise<OpenMeter> {
  const port = await openSerialPort(path, { baudRate });
  try {
    const meter = make(port);
    return { meter, close: () => meter.close().then(() => port.close()) };
  } catch (error) {
    await port.close();
    throw error;
  }
}

function oneOf<T extends string>(spec: EnergySpec, key: string, choices: readonly [T, ...T[]]): T {
  const text = spec.settings.get(key) ?? choices[0];
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new ReflowError(
    'E_USAGE',
    `${key}=${text} of energy source ${spec.kind}`,
    `one of: ${choices.join(', ')}`,
  );
}

function lpm01aOptions(spec: EnergySpec): Lpm01aOptions {
  const format = oneOf(spec, 'format', ['ascii', 'binary']);
  // The meter's limits are checked there, so any number may pass here.
  const rateHz = numberSetting(spec, 'rate', 1000) as NonNullable<Lpm01aOptions['rateHz']>;
  const output = format === 'binary' ? 'current' : 'energy';
  return { volts: numberSetting(spec, 'volts', 3.3), rateHz, format, output };
}

function ppk2Options(spec: EnergySpec) {
  const marker = spec.settings.get('marker');
  return {
    volts: numberSetting(spec, 'volts', 3.3),
    mode: oneOf(spec, 'mode', ['source', 'ampere']),
    ...(marker !== undefined && { markerPin: Number(marker) }),
  };
}

async function vcgencmd(program: string): Promise<string> {
  const install = 'vcgencmd comes with Raspberry Pi OS; run reflow there';
  return (await processes.exec({ program, args: ['pmic_read_adc'], timeoutMs: 5000, install })).stdout;
}
