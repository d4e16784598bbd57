# What the library itself needs. Nothing is downloaded unless DOVETAIL_FETCH_DEPENDENCIES says so.
option(DOVETAIL_FETCH_DEPENDENCIES "Fetch Asio with FetchContent when the system has none" OFF)

find_package(Threads REQUIRED)
find_package(asio 1.22.1 QUIET)
if(NOT TARGET asio::asio)
  if(NOT DOVETAIL_FETCH_DEPENDENCIES)
    message(FATAL_ERROR "dovetail needs standalone Asio 1.22.1 or newer (Debian: libasio-dev, vcpkg: asio, Conan: asio); "
                        "-DDOVETAIL_FETCH_DEPENDENCIES=ON fetches it")
  endif()
  include(FetchContent)
  FetchContent_Declare(asio_source GIT_REPOSITORY https://github.com/chriskohlhoff/asio.git GIT_TAG asio-1-30-2 GIT_SHALLOW ON)
  FetchContent_GetProperties(asio_source)
  if(NOT asio_source_POPULATED)
    FetchContent_Populate(asio_source)
  endif()
  add_library(dovetail_fetched_asio INTERFACE)
  add_library(asio::asio ALIAS dovetail_fetched_asio)
  target_include_directories(dovetail_fetched_asio SYSTEM INTERFACE
                             "$<BUILD_INTERFACE:${asio_source_SOURCE_DIR}/asio/include>")
  target_link_libraries(dovetail_fetched_asio INTERFACE Threads::Threads)
  if(DOVETAIL_INSTALL)
    message(STATUS "dovetail: the install rules are off, because Asio was fetched and is not installed")
    set(DOVETAIL_INSTALL OFF)
  endif()
endif()

# Boost::headers is the name that Debian, vcpkg and Conan share; Boost.PFR is among the headers.
if(NOT TARGET Boost::headers)
  find_package(Boost 1.81 CONFIG QUIET)
  if(NOT TARGET Boost::headers)
    find_package(Boost 1.81 REQUIRED)
  endif()
endif()

if(DOVETAIL_WITH_SQLITE)
  find_package(SQLite3 3.40 REQUIRED)
  if(NOT TARGET SQLite::SQLite3) # renamed in CMake 4.3
    add_library(SQLite::SQLite3 ALIAS SQLite3::SQLite3)
  endif()
endif()
if(DOVETAIL_WITH_TLS)
  find_package(OpenSSL 3.0 REQUIRED)
endif()
