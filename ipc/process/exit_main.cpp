// A program that ends at once with the exit code given as its only argument.
#include <cstdlib>

int main(int argc, char** argv) {
  std::_Exit(argc == 2 ? std::atoi(argv[1]) : 0);
}
