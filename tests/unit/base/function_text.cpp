#include <dovetail/base/function_text.hpp>

#include <gtest/gtest.h>

#include <source_location>
#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
using dt::detail::function_text;

// The names below are what g++ 12.2 and clang++ 19.1 print of functions of these forms.

TEST(FunctionText, ANameWithoutAdditionsStaysAsItIs) {
  for (const std::string_view name : {"int main()", "void app::s::arr(char (&)[5])", "int app::s::operator[](int)",
                                      "main()::<lambda()>", "auto main()::(anonymous class)::operator()() const", ""}) {
    EXPECT_EQ(function_text(name), name);
  }
}

TEST(FunctionText, TemplateArgumentsAreLeftOut) {
  EXPECT_EQ(function_text("void app::s::n(T) [with T = int]"), "void app::s::n(T)");
  EXPECT_EQ(function_text("main()::<lambda(auto:12&)> [with auto:12 = app::s]"), "main()::<lambda(auto:12&)>");
  EXPECT_EQ(function_text("task app::s::t(T) [T = char[5]]"), "task app::s::t(T)");
}

TEST(FunctionText, OfGccsCoroutineFrameTheFunctionIsTaken) {
  EXPECT_EQ(function_text("void app::f(f(int, const std::string&)::_ZN3app1fEiRKNSt7__cxx1112basic_stringIcSt11char_"
                          "traitsIcESaIcEEE.Frame*)"),
            "f(int, const std::string&)");
  EXPECT_EQ(function_text("void app::s::m(app::s::m(int) const::_ZNK3app1s1mEi.Frame*)"), "app::s::m(int) const");
  EXPECT_EQ(function_text("void main()::<lambda(auto:11)>::operator()(main()::<lambda(auto:11)>::_ZZ4mainENKUlT_E_"
                          "clIiEE4taskS_.Frame*)"),
            "main()::<lambda(auto:11)>");
}

TEST(FunctionText, WhatOnlyLooksLikeAFrameStaysAsItIs) {
  for (const std::string_view name : {".Frame*)", "void f(g.Frame*)", "f)::_Z.Frame*)", "]", " [", " = ]"}) {
    EXPECT_EQ(function_text(name), name);
  }
}

template <class T>
std::string place_of_this() {
  return std::string{function_text(std::source_location::current().function_name())};
}

TEST(FunctionText, OfThisCompilerNoTemplateArgumentsAreLeft) {
  EXPECT_NE(place_of_this<int>().find("place_of_this"), std::string::npos);
  EXPECT_EQ(place_of_this<int>().find(" = "), std::string::npos) << place_of_this<int>();
}

}  // namespace
