"""Labels in other tools' files: a module a format, each with `read(path, images)` and `write(folder, …)`."""
