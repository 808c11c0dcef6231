import { expect, it } from 'vitest';
import { commands, quoted } from './commands.ts';

const SHA = 'ab'.repeat(32);

it('names the server, the job and the file', () => {
  const found = commands('http://127.0.0.1:8000/ml/', 'job_1', 'model.mlmodel', false, SHA);
  expect(found.quickml).toBe('quickml download job_1 --server http://127.0.0.1:8000/ml');
  expect(found.curl).toContain(`http://127.0.0.1:8000/ml/v1/artifacts/${SHA}/model.mlmodel`);
  expect(found.curl).toContain(`echo '${SHA}  model.mlmodel' | sha256sum --check`);
  expect(found.python).toContain('Client("http://127.0.0.1:8000/ml")');
  expect(Object.values(found).join()).not.toMatch(/token/i);
});

it('says where the token goes, and does not show it', () => {
  const found = commands('http://h/', 'job_1', 'model.mlmodel', true, SHA);
  expect(found.quickml).toContain('QUICKML_TOKEN');
  expect(found.curl).toContain('Authorization: Bearer $QUICKML_TOKEN');
});

it('quoted', () => {
  expect(quoted('a-b.c')).toBe('a-b.c');
  expect(quoted("it's")).toBe(`'it'\\''s'`);
});
