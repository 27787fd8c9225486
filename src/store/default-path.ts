/** Where the store lies unless the configuration or --store says otherwise; relative to the working directory. */
export const defaultStorePath = '.reflow/store.db';
