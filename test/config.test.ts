import assert from 'node:assert/strict';
import { readConfig } from '../config.ts';

describe('the configuration of MLflow', () => {
  it('is the server of npm start unless another is named', () => {
    assert.equal(readConfig({ MLFLOW_PORT: '5001' }).mlflow, 'http://127.0.0.1:5001');
    const uri = 'https://dagshub.com/owner/repository.mlflow';
    assert.equal(readConfig({ MLFLOW_TRACKING_URI: uri }).mlflow, uri);
    assert.equal(readConfig({ MLFLOW: 'off', MLFLOW_TRACKING_URI: uri }).mlflow, null);
  });

  it('refuses a password in the address, and does not repeat it', () => {
    assert.throws(
      () => readConfig({ MLFLOW_TRACKING_URI: 'https://me:hunter2@dagshub.com/x.mlflow' }),
      (error: Error) => /MLFLOW_TRACKING_PASSWORD/.test(error.message) && !/hunter2/.test(error.message),
    );
  });
});
