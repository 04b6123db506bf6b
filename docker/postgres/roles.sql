-- Passwords come from the environment: not from the command line, where others read them, and not into the log.
SET log_statement = 'none';
SET password_encryption = 'scram-sha-256';
\getenv superuser POSTGRES_PASSWORD
\getenv etiquette DATABASE_PASSWORD
\getenv temporal TEMPORAL_DB_PASSWORD
\getenv mlflow MLFLOW_DB_PASSWORD
SELECT format('CREATE ROLE %I LOGIN', name)
  FROM unnest(ARRAY['etiquette', 'temporal', 'mlflow']) AS name
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
ALTER ROLE postgres PASSWORD :'superuser';
ALTER ROLE etiquette PASSWORD :'etiquette';
ALTER ROLE temporal PASSWORD :'temporal';
ALTER ROLE mlflow PASSWORD :'mlflow';
