import { strict as assert } from 'node:assert';
import { inputsHash } from '../../data/inputs-hash.ts';

describe('the hash of what a prediction is asked with', () => {
  const picture = Uint8Array.of(1, 2, 3);
  const product = { designation: 'Épée', description: 'en bois', picture };

  it('is 64 hexadecimal digits that stay the same from release to release', () => {
    assert.equal(inputsHash(product), '0e79200a6537ac8569e7b7dcd523e914087ece29632eb8314caf00dcb5df346f');
  });

  it('is the same however the accents are written', () => {
    assert.equal(inputsHash({ ...product, designation: 'Épée'.normalize('NFD') }), inputsHash(product));
  });

  it('is another one for every other product', () => {
    const others = [
      product,
      { ...product, designation: 'épée' },
      { ...product, designation: null },
      { ...product, designation: '' },
      { ...product, description: null },
      { ...product, description: '' },
      { ...product, picture: null },
      { ...product, picture: Uint8Array.of() },
      { ...product, picture: Uint8Array.of(1, 2) },
      { ...product, designation: 'Épé', description: 'een bois' },
      { designation: 'en bois', description: 'Épée', picture },
      { designation: 'Épée7 en bois', description: null, picture },
      { designation: null, description: 'Épée', picture },
    ];
    assert.equal(new Set(others.map(inputsHash)).size, others.length);
  });
});
