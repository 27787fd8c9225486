export default {
  files: ['dist/src/**/*.test.js', 'dist/test/**/*.test.js'],
  timeout: '5m',
  concurrency: 2,
};
