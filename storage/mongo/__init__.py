"""The Messaging service's store on MongoDB. Only this package imports motor."""
