import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.layout import basic_layout
from conan.tools.files import copy, load


class DovetailConan(ConanFile):
    name = "dovetail"
    description = "Typed database clients put together from policies, on standalone Asio and Boost.PFR"
    license = "BSL-1.0"
    topics = ("database", "client", "sqlite", "asio", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"sqlite": [True, False], "tls": [True, False]}
    default_options = {"sqlite": True, "tls": False, "boost/*:header_only": True}
    no_copy_source = True

    @property
    def _root(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        text = load(self, os.path.join(self._root, "include", "dovetail", "version.hpp"))
        self.version = re.search(r'DOVETAIL_VERSION_STRING "([^"]+)"', text).group(1)

    def export_sources(self):
        for pattern in ("include/*", "cmake/*", "CMakeLists.txt", "LICENSE"):
            copy(self, pattern, src=self._root, dst=self.export_sources_folder)

    def layout(self):
        basic_layout(self, src_folder=".")

    def requirements(self):
        self.requires("asio/[>=1.28 <2]", transitive_headers=True)
        self.requires("boost/[>=1.81 <2]", transitive_headers=True)
        if self.options.sqlite:
            self.requires("sqlite3/[>=3.40 <4]", transitive_headers=True)
        if self.options.tls:
            self.requires("openssl/[>=3 <4]", transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def package_id(self):
        # Header-only: only the options change what is required.
        del self.info.settings.os, self.info.settings.arch, self.info.settings.compiler, self.info.settings.build_type

    def package(self):
        copy(self, "LICENSE", src=self.source_folder, dst=os.path.join(self.package_folder, "licenses"))
        copy(self, "*.hpp", src=os.path.join(self.source_folder, "include"),
             dst=os.path.join(self.package_folder, "include"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "dovetail")
        # Conan links the package's own target to every component, so it must not have the core's name.
        self.cpp_info.set_property("cmake_target_name", "dovetail::all")
        core = self.cpp_info.components["core"]
        core.set_property("cmake_target_name", "dovetail::dovetail")
        core.requires = ["asio::asio", "boost::headers"]
        core.bindirs = core.libdirs = []
        for name, package in (("sqlite", "sqlite3::sqlite3"), ("tls", "openssl::openssl")):
            if self.options.get_safe(name):
                part = self.cpp_info.components[name]
                part.set_property("cmake_target_name", f"dovetail::{name}")
                part.requires = ["core", package]
                part.bindirs = part.libdirs = part.includedirs = []
