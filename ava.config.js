export default {
  files: ['dist/src/**/*.test.js', 'dist/test/**/*.test.js'],
  timeout: '5m',
  concurrency: 2,
  // The native part of serialport aborts the process when it is used in a worker thread.
  workerThreads: false,
};
