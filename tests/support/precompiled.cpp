// Nothing: the precompiled header of the tests needs a source file to belong to.
