/**
 * The INA3221 power monitors of NVIDIA Jetson modules through sysfs. Two layouts: hwmon (JetPack 5 and later),
 * `/sys/bus/i2c/drivers/ina3221/<bus>-<addr>/hwmon/hwmonN/{inK_label, inK_input mV, currK_input mA}`, and NVIDIA's older
 * driver, `/sys/bus/i2c/drivers/ina3221x/<bus>-<addr>/iio:deviceN/{rail_name_K, in_powerK_input mW}`. The Jetson Nano 2GB
 * has no such sensor. Source: NVIDIA's driver documentation; layouts as read by alumet and energymon.
 */
import { ReflowError } from '../../base/error.js';
import type { FileTree } from './file-tree.js';
import type { PowerRail } from './power-rails.js';

const hwmonDriver = '/sys/bus/i2c/drivers/ina3221';
const iioDriver = '/sys/bus/i2c/drivers/ina3221x';

/** Where one rail's reading comes from: a power file (mW), or a voltage (mV) and a current file (mA). */
export type RailFiles =
  | { readonly name: string; readonly powerMw: string }
  | { readonly name: string; readonly voltageMv: string; readonly currentMa: string };

/** Finds the rails of every INA3221. Rejects with E_DEVICE when there is none. */
export async function findIna3221(tree: FileTree): Promise<RailFiles[]> {
  const rails = [...(await findHwmon(tree)), ...(await findIio(tree))];
  if (rails.length > 0) return rails;
  throw new ReflowError(
    'E_DEVICE',
    'no INA3221 power monitor found in sysfs',
    'run on a Jetson with sensors (the Nano 2GB has none), or use an outside meter',
  );
}

async function findHwmon(tree: FileTree): Promise<RailFiles[]> {
  const rails: RailFiles[] = [];
  for (const folder of await children(tree, hwmonDriver, (name) => /^\d+-[0-9a-f]{4}$/i.test(name))) {
    for (const hwmon of await children(tree, `${folder}/hwmon`, (name) => /^hwmon\d+$/.test(name))) {
      const names = new Set(await tree.list(hwmon));
      for (const file of names) {
        const k = /^in(\d+)_label$/.exec(file)?.[1];
        // Labels without a current of the same number ("sum of shunt voltages") are no rails.
        if (!k || !names.has(`curr${k}_input`) || !names.has(`in${k}_input`)) continue;
        const name = (await tree.read(`${hwmon}/${file}`))?.trim();
        if (!name || name === 'NC') continue;
        rails.push({ name, voltageMv: `${hwmon}/in${k}_input`, currentMa: `${hwmon}/curr${k}_input` });
      }
    }
  }
  return rails;
}

async function findIio(tree: FileTree): Promise<RailFiles[]> {
  const rails: RailFiles[] = [];
  for (const folder of await children(tree, iioDriver, (name) => /^\d+-[0-9a-f]{4}$/i.test(name))) {
    for (const device of await children(tree, folder, (name) => /^iio[:_]device\d+$/.test(name))) {
      const names = new Set(await tree.list(device));
      for (const file of names) {
        const k = /^rail_name_(\d+)$/.exec(file)?.[1];
        if (!k) continue;
        const name = (await tree.read(`${device}/${file}`))?.trim();
        if (!name || name === 'NC') continue;
        if (names.has(`in_power${k}_input`)) rails.push({ name, powerMw: `${device}/in_power${k}_input` });
        else if (names.has(`in_voltage${k}_input`) && names.has(`in_current${k}_input`)) {
          rails.push({
            name,
            voltageMv: `${device}/in_voltage${k}_input`,
            currentMa: `${device}/in_current${k}_input`,
          });
        }
      }
    }
  }
  return rails;
}

async function children(tree: FileTree, folder: string, fits: (name: string) => boolean): Promise<string[]> {
  return (await tree.list(folder)).filter(fits).map((name) => `${folder}/${name}`);
}

/** Reads every rail once; null when any of them cannot be read, because a sum without it would be wrong. */
export async function readIna3221(tree: FileTree, rails: readonly RailFiles[]): Promise<PowerRail[] | null> {
  const readings: PowerRail[] = [];
  for (const rail of rails) {
    const watts =
      'powerMw' in rail
        ? (await number(tree, rail.powerMw)) / 1e3
        : ((await number(tree, rail.voltageMv)) * (await number(tree, rail.currentMa))) / 1e6;
    if (!Number.isFinite(watts)) return null;
    readings.push({ name: rail.name, watts });
  }
  return readings;
}

async function number(tree: FileTree, path: string): Promise<number> {
  const text = (await tree.read(path))?.trim() ?? '';
  return /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
}
