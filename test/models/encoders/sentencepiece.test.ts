import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSentencePiece } from '../../../models/encoders/sentencepiece.ts';
import { inFolder } from '../../support/tiny-catalogue.ts';
import { FIXTURES, tinyReference } from './text-fixtures.ts';

const MODEL = join(FIXTURES, 'tiny.model');

describe('a SentencePiece tokenizer', () => {
  it('gives the ids that SentencePiece gives, for any text', async () => {
    const pieces = await loadSentencePiece(MODEL, { maxTokens: 512 });
    const { texts } = await tinyReference();
    assert.ok(texts.length >= 60);
    for (const { text, ids } of texts) assert.deepEqual(pieces.encode(text), ids, text);
  });

  it('does not take words of a text for begin and end of sentence', async () => {
    const pieces = await loadSentencePiece(MODEL, { maxTokens: 512 });
    const inner = pieces.encode('<s> a </s>').slice(1, -1);
    assert.ok(inner.length > 0);
    assert.ok(inner.every((id) => id !== 1 && id !== 2));
  });

  it('cuts a long text off, and still ends the sentence', async () => {
    const pieces = await loadSentencePiece(MODEL, { maxTokens: 16 });
    const whole = (await loadSentencePiece(MODEL, { maxTokens: 512 })).encode('bleu '.repeat(20));
    const cut = pieces.encode('bleu '.repeat(20));
    assert.deepEqual(cut, [...whole.slice(0, 15), 2]);
    assert.deepEqual(pieces.encode('bleu '.repeat(1_000_000)), cut);
  });

  it('takes half of a surrogate pair for an unknown character', async () => {
    const pieces = await loadSentencePiece(MODEL, { maxTokens: 16 });
    assert.deepEqual(pieces.encode('a\ud83d'), pieces.encode('a\ufffd'));
  });

  it('refuses a file that is no model, or is missing', async () => {
    await inFolder(async (folder) => {
      for (const content of ['', 'not a model', Buffer.alloc(100, 0xff)]) {
        const file = join(folder, 'x.model');
        await writeFile(file, content);
        await assert.rejects(loadSentencePiece(file, { maxTokens: 16 }), { code: 'ENCODER_FILE_INVALID' });
      }
      const missing = join(folder, 'missing.model');
      await assert.rejects(loadSentencePiece(missing, { maxTokens: 16 }), { code: 'ENCODER_FILE_INVALID' });
    });
  });
});
