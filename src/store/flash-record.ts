/**
 * What reflow did to the flash of each board: how often each sector was erased, and the hash of what was verified there last.
 * A hash is void from before the erase until the sector is verified again, so that no crash leaves one that is not true.
 */
import type { Database } from './database.js';

export interface SectorRecord {
  readonly address: number;
  readonly hash: string | null;
  readonly erases: number;
}

/** Bytes of the image that was flashed last, hexadecimal. */
export interface StoredWitness {
  readonly address: number;
  readonly hex: string;
}

export class FlashRecord {
  constructor(
    private readonly database: Database,
    /** Unique id of the chip, or whatever tells this board from others. */
    readonly device: string,
  ) {}

  /** Name of the board of this kind that was seen last on a port; null when none was. */
  static lastOn(database: Database, board: string, port: string): Promise<string | null> {
    return database.attempt(async (db) => {
      const row = await db
        .selectFrom('flash_devices')
        .select('device')
        .where('board', '=', board)
        .where('port', '=', port)
        .executeTakeFirst();
      return row?.device ?? null;
    });
  }

  /** Notes where the board is now; another one that was on this port is not there any more. */
  seen(board: string, port: string): Promise<void> {
    return this.database.attempt(async (db) => {
      await db
        .updateTable('flash_devices')
        .set({ port: '' })
        .where('port', '=', port)
        .where('device', '<>', this.device)
        .execute();
      await db
        .insertInto('flash_devices')
        .values({ device: this.device, board, port, witnesses: '[]' })
        .onConflict((conflict) => conflict.column('device').doUpdateSet({ board, port }))
        .execute();
    });
  }

  /** Address order. */
  sectors(): Promise<SectorRecord[]> {
    return this.database.attempt(async (db) => {
      const rows = await db
        .selectFrom('flash_sectors')
        .select(['address', 'hash', 'erases'])
        .where('device', '=', this.device)
        .orderBy('address')
        .execute();
      // PostgreSQL's 64-bit numbers come as text.
      return rows.map(({ address, hash, erases }) => ({ address: Number(address), hash, erases }));
    });
  }

  async witnesses(): Promise<StoredWitness[]> {
    const row = await this.database.attempt((db) =>
      db.selectFrom('flash_devices').select('witnesses').where('device', '=', this.device).executeTakeFirst(),
    );
    return row ? (JSON.parse(row.witnesses) as StoredWitness[]) : [];
  }

  remember(witnesses: readonly StoredWitness[]): Promise<void> {
    return this.database.attempt(async (db) => {
      await db
        .updateTable('flash_devices')
        .set({ witnesses: JSON.stringify(witnesses) })
        .where('device', '=', this.device)
        .execute();
    });
  }

  /** Before a sector is erased. */
  erasing(address: number): Promise<void> {
    return this.database.attempt(async (db) => {
      await db
        .insertInto('flash_sectors')
        .values({ device: this.device, address, hash: null, erases: 1 })
        .onConflict((conflict) =>
          conflict.columns(['device', 'address']).doUpdateSet((eb) => ({
            hash: null,
            erases: eb('flash_sectors.erases', '+', 1),
          })),
        )
        .execute();
    });
  }

  /** @param hash null when the way that verified the sector does not know the hash of all of it */
  verified(address: number, hash: string | null): Promise<void> {
    return this.database.attempt(async (db) => {
      await db
        .insertInto('flash_sectors')
        .values({ device: this.device, address, hash, erases: 0 })
        .onConflict((conflict) => conflict.columns(['device', 'address']).doUpdateSet({ hash }))
        .execute();
    });
  }
}
