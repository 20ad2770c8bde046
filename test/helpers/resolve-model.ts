import { resolveModel } from '../../src/models/index.js';
import type { ModelEnvironment } from '../../src/models/types.js';

// A process of its own for tests of two at once: arguments are the spec and the environment as JSON.
const [spec = '', env = ''] = process.argv.slice(2);
const model = await resolveModel(spec, JSON.parse(env) as ModelEnvironment, {
  onNotice: (text) => process.stderr.write(`${text}\n`),
});
process.stdout.write(`${model.path}\n`);
