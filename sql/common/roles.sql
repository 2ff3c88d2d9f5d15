-- name: roles_lock
-- Waits until no other process changes roles on this server. Released when the connection ends.
--
--   :key bigint
SELECT pg_advisory_lock(:key)

-- name: role_database_exists
-- Returns whether the server has a database of that name.
--
--   :database text   -> one row, or none
SELECT datname
FROM pg_database
WHERE datname = :database

-- name: role_exists
-- Returns whether the server has a role of that name.
--
--   :role text   -> one row, or none
SELECT rolname
FROM pg_roles
WHERE rolname = :role

-- name: role_create_command
-- Returns the command that creates a role, which can do nothing but log in.
--
--   :role text  :password text   -> command
SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', :role, :password) AS command

-- name: role_alter_command
-- Returns the command that takes special rights from a role and sets its password.
--
--   :role text  :password text   -> command
SELECT
    format(
        'ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD %L',
        :role,
        :password
    ) AS command

-- name: database_create_command
-- Returns the command that creates a database of a role.
--
--   :database text  :role text   -> command
SELECT format('CREATE DATABASE %I OWNER %I', :database, :role) AS command

-- name: database_privilege_commands
-- Returns the commands after which only the owner of a database, and superusers, can connect to it.
--
-- Ownership also gives the schema `public`, which belongs to the owner of the database.
--
--   :database text  :role text   -> command
SELECT format(template, :database, :role) AS command
FROM
    unnest(
        ARRAY[
            'ALTER DATABASE %1$I OWNER TO %2$I',
            'REVOKE ALL ON DATABASE %1$I FROM PUBLIC',
            'GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %1$I TO %2$I'
        ]
    ) AS template

-- name: maintenance_privilege_commands
-- Returns the commands after which only superusers can connect to this database and the template.
--
--   -> command
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', datname) AS command
FROM pg_database
WHERE datname IN (current_database(), 'template1')

-- name: complete_databases
-- Lists those of some databases that belong to their role, which is no superuser, and to which no other role connects.
--
--   :roles text[]  :databases text[]   -> datname
SELECT d.datname
FROM unnest(:roles, :databases) AS wanted (role, database)
INNER JOIN pg_roles AS r ON wanted.role = r.rolname AND NOT r.rolsuper
INNER JOIN pg_database AS d ON wanted.database = d.datname AND r.oid = d.datdba
WHERE NOT has_database_privilege('public', d.oid, 'CONNECT')

-- name: object_owner_commands
-- Returns the commands that give a role all relations and routines of the schema `public` that it does not own.
--
-- Sequences of columns, indexes and types of tables follow their table. Those of extensions stay.
--
--   :role text   -> command
SELECT format(
    'ALTER %s %s OWNER TO %I',
    CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
    c.oid::regclass,
    :role
) AS command
FROM pg_class AS c
WHERE
    c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
    AND pg_get_userbyid(c.relowner) <> :role
    AND NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'e', 'i')
    )
UNION ALL
SELECT format('ALTER ROUTINE %s OWNER TO %I', p.oid::regprocedure, :role)
FROM pg_proc AS p
WHERE
    p.pronamespace = 'public'::regnamespace
    AND pg_get_userbyid(p.proowner) <> :role
    AND NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    )

-- name: role_is_superuser
-- Returns the role of this connection if it is a superuser.
--
--   -> rolname, or none
SELECT rolname
FROM pg_roles
WHERE rolname = current_user AND rolsuper
